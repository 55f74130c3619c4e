/** Tests for RSA moduli that look strong by their length and are not. All are cheap and have no false positives that matter. */

/** Odd primes below 752: enough to catch corrupted and made-up moduli. */
const SMALL_PRIMES: number[] = [];
for (let candidate = 3; candidate < 752; candidate += 2) {
  if (SMALL_PRIMES.every((prime) => candidate % prime !== 0)) SMALL_PRIMES.push(candidate);
}
const PRODUCT = SMALL_PRIMES.reduce((product, prime) => product * BigInt(prime), 1n);

/** The smallest prime below 752 that divides the modulus (2 included), or null. */
export function smallFactor(modulus: bigint): number | null {
  if (modulus % 2n === 0n) return 2;
  const rest = modulus % PRODUCT;
  return SMALL_PRIMES.find((prime) => rest % BigInt(prime) === 0n) ?? null;
}

/** Primes to which the Infineon generator's primes are powers of 65537 (Nemec et al., 2017, §2). */
const ROCA_PRIMES = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107,
  109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];
const ROCA_RESIDUES = ROCA_PRIMES.map((prime) => {
  const residues = new Set<number>();
  for (let power = 1; !residues.has(power); power = (power * 65537) % prime) residues.add(power);
  return residues;
});

/** CVE-2017-15361: for every small prime the modulus is a power of 65537 modulo it. */
export function roca(modulus: bigint): boolean {
  return ROCA_PRIMES.every((prime, index) => ROCA_RESIDUES[index]?.has(Number(modulus % BigInt(prime))));
}

/** Fermat's method finds close primes in a handful of rounds; 100 is far past what random primes allow. */
const FERMAT_ROUNDS = 100;

export function withinFermatReach(modulus: bigint): boolean {
  let a = squareRoot(modulus);
  if (a * a < modulus) a += 1n;
  for (let round = 0; round < FERMAT_ROUNDS; round += 1) {
    const b2 = a * a - modulus;
    const b = squareRoot(b2);
    if (b * b === b2) return true;
    a += 1n;
  }
  return false;
}

/** Integer square root, by Newton's method from above. */
function squareRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let root = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}
