// A program that does not end when told.
process.on('SIGTERM', () => undefined);
setInterval(() => undefined, 1000);
process.send?.({ ready: { pid: process.pid } });
