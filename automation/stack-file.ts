/**
 * The switches in a stack file, read and set by line: a YAML library would drop the comments and the order that
 * the people who review the flip rely on. Only scalar keys directly below `config:` are touched.
 */

const line = (project: string, key: string): RegExp =>
  new RegExp(`^(?<indent>[ \\t]+)(?<quote>["']?)${project}:${key}\\k<quote>:(?<value>.*)$`, "m");

/** The scalar's text without quotes or comment; undefined when the key is not there or not a scalar. */
export function readSwitch(text: string, project: string, key: string): string | undefined {
  const value = line(project, key).exec(text)?.groups?.["value"] ?? "";
  const scalar = /^\s*(?:"([^"]*)"|'([^']*)'|([^\s#]+))/.exec(value);
  return scalar?.[1] ?? scalar?.[2] ?? scalar?.[3];
}

/** The URL of the key that the stack's secrets are under; undefined: a passphrase. */
export function secretsProviderOf(text: string): string | undefined {
  const provider = /^secretsprovider:\s*["']?(\S+?)["']?\s*$/m.exec(text)?.[1];
  return provider === "passphrase" ? undefined : provider;
}

/** The text with these keys set; everything else, trailing comments included, stays as it is. */
export function setSwitches(
  text: string,
  project: string,
  values: { readonly [key: string]: string | number | undefined },
): string {
  return Object.entries(values).reduce((current, [key, value]) => {
    if (value === undefined) return current;
    // `on` and `off` are booleans to YAML 1.1: quoted, every parser reads a string.
    const scalar = value === "on" || value === "off" ? `"${value}"` : String(value);
    const pattern = line(project, key);
    if (pattern.test(current)) {
      return current.replace(pattern, (_whole, indent: string, quote: string, old: string) => {
        const comment = /\s+#.*$/.exec(old)?.[0] ?? "";
        return `${indent}${quote}${project}:${key}${quote}: ${scalar}${comment}`;
      });
    }
    const added = `  ${project}:${key}: ${scalar}`;
    return /^config:[ \t]*$/m.test(current)
      ? current.replace(/^config:[ \t]*$/m, (head) => `${head}\n${added}`)
      : `${current.replace(/\n*$/, "\n")}config:\n${added}\n`;
  }, text);
}
