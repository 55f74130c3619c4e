// A program that dies soon after every start.
process.send?.({ ready: { pid: process.pid } });
setTimeout(() => process.exit(3), 20);
