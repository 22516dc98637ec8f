/** IPv4 ranges as AWS compares them; not the program's own arithmetic, which is what it checks. */
interface Range {
  readonly first: number;
  readonly last: number;
}

function rangeOf(cidr: string): Range | undefined {
  const [address = "", prefix = ""] = cidr.split("/");
  const octets = address.split(".").map(Number);
  if (octets.length !== 4 || octets.some((octet) => !(octet >= 0 && octet <= 255)) || prefix === "") {
    return undefined;
  }
  const first = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  return { first, last: first + 2 ** (32 - Number(prefix)) - 1 };
}

export function cidrContains(outer: string, inner: string): boolean {
  const [whole, part] = [rangeOf(outer), rangeOf(inner)];
  return whole !== undefined && part !== undefined && whole.first <= part.first && part.last <= whole.last;
}

export function cidrsOverlap(one: string, other: string): boolean {
  const [a, b] = [rangeOf(one), rangeOf(other)];
  return a !== undefined && b !== undefined && a.first <= b.last && b.first <= a.last;
}
