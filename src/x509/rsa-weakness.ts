/** Cheap tests for RSA moduli that are long but weak. A random modulus practically never fails them. */

/** Odd primes below 752: enough to catch corrupted and invented moduli. */
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

/** Modulo each of these, the primes of the Infineon generator are powers of 65537 (Nemec et al., 2017, §2). */
const ROCA_PRIMES = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107,
  109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];
const ROCA_RESIDUES = ROCA_PRIMES.map((prime) => {
  const residues = new Set<number>();
  for (let power = 1; !residues.has(power); power = (power * 65537) % prime) residues.add(power);
  return residues;
});

/** CVE-2017-15361: the RSA modulus is a power of 65537 modulo every one of these primes. */
export function roca(modulus: bigint): boolean {
  return ROCA_PRIMES.every((prime, index) => ROCA_RESIDUES[index]?.has(Number(modulus % BigInt(prime))));
}

/** Fermat's method finds close primes in a few rounds; random primes are far beyond 100 rounds. */
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

/** Integer square root by Newton's method, from above. */
function squareRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let root = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}
