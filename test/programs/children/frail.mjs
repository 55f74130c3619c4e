// A program that dies right after it has said that it serves.
process.send?.({ ready: { pid: process.pid } }, () => process.exit(3));
