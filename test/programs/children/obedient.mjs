// A program as the supervisor expects it: says it is ready, ends when told or when the supervisor is gone.
process.on('message', (message) => message === 'stop' && process.exit(0));
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: { pid: process.pid, start: process.env.START } });
