// A program that does not end when told.
process.on('SIGTERM', () => undefined);
process.on('message', () => undefined);
process.send?.({ ready: { pid: process.pid } });
