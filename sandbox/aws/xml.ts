/** As much XML as S3 and the Query protocol need: elements and text; no attributes but one namespace. */

/** An element's content: text, child elements by name, an array for repeated ones; undefined is left out. */
export type XmlValue =
  | string
  | number
  | boolean
  | undefined
  | readonly XmlValue[]
  | { readonly [name: string]: XmlValue };

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\r": "&#13;",
};
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

const escapeXml = (text: string): string =>
  text.replace(/[&<>"\r]/g, (character) => ESCAPES[character] ?? character);

const unescapeXml = (text: string): string =>
  text.replace(/&(#x?[0-9a-f]+|\w+);/gi, (whole, name: string) => {
    if (!name.startsWith("#")) return ENTITIES[name] ?? whole;
    const digits = name.slice(1);
    return String.fromCodePoint(
      digits.startsWith("x") ? Number.parseInt(digits.slice(1), 16) : Number(digits),
    );
  });

function element(name: string, value: XmlValue): string {
  if (value === undefined) return "";
  if (Array.isArray(value)) return value.map((item: XmlValue) => element(name, item)).join("");
  return `<${name}>${content(value)}</${name}>`;
}

function content(value: XmlValue): string {
  if (typeof value !== "object") return escapeXml(String(value ?? ""));
  return Object.entries(value)
    .map(([name, child]) => element(name, child as XmlValue))
    .join("");
}

/** A document with one root element. */
export function writeXml(root: string, value: XmlValue, namespace?: string): string {
  const opening = namespace === undefined ? root : `${root} xmlns="${namespace}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${opening}>${content(value)}</${root}>`;
}

export interface XmlElement {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

/** Throws `SyntaxError` when elements do not nest. */
export function readXml(document: string): XmlElement {
  interface Open {
    name: string;
    text: string;
    children: XmlElement[];
  }
  const root: Open = { name: "", text: "", children: [] };
  const path: Open[] = [root];
  for (const [, tag, text] of document.matchAll(/<([^>]*)>|([^<]+)/g)) {
    const top = path.at(-1) ?? root;
    if (text !== undefined) top.text += unescapeXml(text);
    else if (tag === undefined || tag.startsWith("?") || tag.startsWith("!")) continue;
    else if (tag.startsWith("/")) {
      if (top.name !== tag.slice(1).trim())
        throw new SyntaxError(`XML: </${tag.slice(1)}> closes <${top.name}>`);
      path.pop();
      path.at(-1)?.children.push({ ...top, text: top.text.trim() });
    } else {
      const open: Open = { name: tag.split(/[\s/]/)[0] ?? "", text: "", children: [] };
      if (tag.endsWith("/")) top.children.push(open);
      else path.push(open);
    }
  }
  const [first] = root.children;
  if (path.length !== 1 || first === undefined) throw new SyntaxError("XML: no complete root element");
  return first;
}

/** The element at a path of names below, the first of its name at each step. */
export const child = (from: XmlElement | undefined, ...names: readonly string[]): XmlElement | undefined =>
  names.reduce<XmlElement | undefined>(
    (at, name) => at?.children.find((candidate) => candidate.name === name),
    from,
  );
