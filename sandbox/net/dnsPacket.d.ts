/** What the sandbox uses of `dns-packet`, which brings no types. https://github.com/mafintosh/dns-packet */
declare module "dns-packet" {
  export interface Question {
    readonly name: string;
    readonly type: string;
    readonly class?: string;
  }
  export interface Soa {
    readonly mname: string;
    readonly rname: string;
    readonly serial: number;
    readonly refresh: number;
    readonly retry: number;
    readonly expire: number;
    readonly minimum: number;
  }
  export interface ResourceRecord {
    readonly name: string;
    readonly type: string;
    readonly ttl?: number;
    readonly class?: string;
    readonly data: string | readonly string[] | Soa;
  }
  export interface Packet {
    readonly id?: number;
    readonly type?: "query" | "response";
    /** Bit flags, the response code in the lowest four bits. */
    readonly flags?: number;
    readonly opcode?: string;
    readonly questions?: readonly Question[];
    readonly answers?: readonly ResourceRecord[];
    readonly authorities?: readonly ResourceRecord[];
  }
  interface DnsPacket {
    readonly AUTHORITATIVE_ANSWER: number;
    readonly TRUNCATED_RESPONSE: number;
    readonly RECURSION_DESIRED: number;
    encode(packet: Packet): Buffer;
    decode(buffer: Buffer): Packet;
    /** With the two bytes of length that TCP wants. */
    streamEncode(packet: Packet): Buffer;
    streamDecode(buffer: Buffer): Packet;
  }
  const packets: DnsPacket;
  export default packets;
}
