// A program that knows that starting it again is of no use.
process.exit(78);
