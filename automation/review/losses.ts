/** Losses without their costs: the list that stands first where the table would push some of them down. */
import { type Finding, RISKS } from "./finding.ts";
import { code, howMany, LONGEST_NAME, size } from "./markdown.ts";
import { shortened } from "./values.ts";

/** For the line that counts what has no line of its own. */
const RESERVED = 40;
const LONGEST_STACK = 30;

/** Every loss is counted by kind; names take the room that is left, so that none costs another kind its line. */
export function compact(losses: readonly Finding[], room: number): string {
  const groups = [...Map.groupBy(losses, ({ risk, stack, type }) => `${risk}\n${stack}\n${type}`).values()];
  const lines = groups.map((group) => {
    const names = group.flatMap((one) => one.names);
    return { head: headOf(group[0], names.length), names };
  });
  const heads = lines.map(({ head }) => size(head) + 1);
  const fitting = howMany(heads, room - RESERVED);
  let left = room - RESERVED - heads.slice(0, fitting).reduce((sum, one) => sum + one, 0);
  const text = lines.slice(0, fitting).map(({ head, names }) => {
    const list = named(names, left);
    left -= size(list);
    return head + list;
  });
  const more = lines.slice(fitting).flatMap(({ names }) => names).length;
  return [...text, ...(more > 0 ? [`- **and ${more} more**`] : [])].join("\n");
}

function headOf(finding: Finding | undefined, count: number): string {
  if (finding === undefined) return "";
  const { risk, stack, type } = finding;
  const what = RISKS[risk].split(",")[0];
  return `- **${what}** in ${code(shortened(stack, LONGEST_STACK))}: ${count} × ${code(shortened(type, LONGEST_NAME))}`;
}

/** As many names as fit. */
function named(names: readonly string[], room: number): string {
  const all = names.map(
    (name, index) => `${index === 0 ? ": " : ", "}${code(shortened(name, LONGEST_NAME))}`,
  );
  const ellipsis = ", …";
  const fitting = howMany(all.map(size), room - size(ellipsis));
  return all.slice(0, fitting).join("") + (fitting > 0 && fitting < all.length ? ellipsis : "");
}
