/** Markdown from texts that may hold anything. Whatever comes from a preview passes through `code`. */

/** GitHub counts characters; bytes are never fewer. */
export const size = (text: string): number => Buffer.byteLength(text);

export const LONGEST_NAME = 60;

/**
 * A code span: in it nothing is markup, nobody is mentioned and no issue is linked. A bar would end a table's cell even
 * there, and its escape is read differently inside and outside of tables, so that a look-alike takes its place.
 */
export function code(text: string): string {
  const flat = text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, "⏎").replaceAll("|", "│");
  const fence = "`".repeat(longestRun(flat) + 1);
  const pad = flat === "" || /^[` ]|[` ]$/.test(flat) ? " " : "";
  return `${fence}${pad}${flat}${pad}${fence}`;
}

/** A block of `diff` that its own content cannot close. */
export function diffBlock(lines: readonly string[]): string {
  const text = lines.join("\n");
  const fence = "`".repeat(Math.max(3, longestRun(text) + 1));
  return `${fence}diff\n${text}\n${fence}`;
}

/** Folded. The summary is HTML, in which no markdown is read; the content is markdown because of its blank lines. */
export const folded = (subject: string, what: string, content: string): string =>
  `<details><summary><code>${escapeHtml(subject)}</code>: ${what}</summary>\n\n${content}\n\n</details>`;

const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

export const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");

const longestRun = (text: string): number =>
  Math.max(0, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length));

/** How many of these sizes, from the first on, fit into the room. */
export function howMany(sizes: readonly number[], room: number): number {
  let used = 0;
  const over = sizes.findIndex((one) => {
    used += one;
    return used > room;
  });
  return over < 0 ? sizes.length : over;
}

/** The first few, and how many more. */
export function some(all: readonly string[], limit: number, separator: string): string {
  const left = all.length - limit;
  return left > 0 ? [...all.slice(0, limit), `and ${left} more`].join(separator) : all.join(separator);
}
