/** IPv4 ranges as plain arithmetic: parse, compare, divide. */

export interface Cidr {
  /** First address as an unsigned 32-bit number. */
  readonly base: number;
  /** Length of the prefix, 0–32. */
  readonly prefix: number;
}

const size = (prefix: number): number => 2 ** (32 - prefix);

/** Undefined unless `text` is an IPv4 range written from its first address, e.g. `10.20.0.0/16`. */
export function parseCidr(text: string): Cidr | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text)?.slice(1).map(Number);
  if (parts === undefined) return undefined;
  const octets = parts.slice(0, 4);
  const prefix = parts[4] ?? 0;
  if (octets.some((octet) => octet > 255) || prefix > 32) return undefined;
  const base = octets.reduce((address, octet) => address * 256 + octet, 0);
  return base % size(prefix) === 0 ? { base, prefix } : undefined;
}

export function formatCidr({ base, prefix }: Cidr): string {
  const octets = [24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256);
  return `${octets.join(".")}/${prefix}`;
}

export const cidrsOverlap = (a: Cidr, b: Cidr): boolean =>
  a.base < b.base + size(b.prefix) && b.base < a.base + size(a.prefix);

/** The widest range that `planSubnets` divides is a VPC's: AWS allows /16 to /28, and below /20 too few pods fit. */
export const VPC_PREFIXES = { min: 16, max: 20 } as const;

export interface ZoneSubnets {
  readonly zone: string;
  /** Nodes and pods: a quarter of the VPC's range, with more than three zones an eighth. */
  readonly private: string;
  /** Load balancer and NAT. */
  readonly public: string;
  /** Database; no route to the internet. */
  readonly data: string;
}

/** Fewer than three, and the loss of one leaves a hot standby nowhere to go; no region has more than six. */
export const ZONES_PER_REGION = { min: 3, max: 6 } as const;

/**
 * Divides a VPC's range: for three zones `[private][private][private][public ×3, room for one, data ×3, room for
 * one]`, in quarters; for more `[private ×6][public ×6, room for two][data ×6, room for two]`, in eighths. Depends on
 * nothing but its arguments, so that a subnet never moves when something else is added; a fourth zone divides anew.
 */
export function planSubnets(vpc: Cidr, zones: readonly string[]): readonly ZoneSubnets[] {
  const { min, max } = ZONES_PER_REGION;
  if (zones.length > max) {
    throw new RangeError(`subnets for ${zones.length} zones; a VPC's range is divided for at most ${max}`);
  }
  const [places, large, small, gap] =
    zones.length <= min
      ? [min, vpc.prefix + 2, vpc.prefix + 5, min + 1]
      : [max, vpc.prefix + 3, vpc.prefix + 6, 8];
  const rest = vpc.base + places * size(large);
  return zones.map((zone, n) => ({
    zone,
    private: formatCidr({ base: vpc.base + n * size(large), prefix: large }),
    public: formatCidr({ base: rest + n * size(small), prefix: small }),
    data: formatCidr({ base: rest + (gap + n) * size(small), prefix: small }),
  }));
}
