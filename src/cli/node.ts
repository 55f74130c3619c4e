import { Command } from 'commander';
import { dnsRecordCommand } from './node-dns-record.js';

/** `upki node …`: what the machines that get certificates need outside of uPKI. */
export function nodeCommand(): Command {
  return new Command('node')
    .description('What the machines that get certificates need outside of uPKI.')
    .addCommand(dnsRecordCommand());
}
