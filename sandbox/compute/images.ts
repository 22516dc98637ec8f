/** What a container image stands for here: the programs of the repository, run by this machine's Node. */

export interface Image {
  /** Repository without its registry, e.g. `workload`: also matches `123.dkr.ecr.us-east-1.amazonaws.com/workload`. */
  readonly repository: string;
  /** Digests that were pushed (`sha256:…`); default: any. */
  readonly digests?: readonly string[];
  /** The image's entry point; a container's `args` follow. */
  readonly command: readonly [string, ...string[]];
  /** The image's own variables, which a manifest's override. */
  readonly environment?: Readonly<Record<string, string>>;
}

export class ImageRegistry {
  readonly #images: readonly Image[];
  readonly #deleted = new Set<string>();

  constructor(images: readonly Image[]) {
    this.#images = images;
  }

  /**
   * @param reference `[registry/]repository[:tag][@digest]`
   * @returns undefined when nothing like it was pushed (`ImagePullBackOff`)
   */
  resolve(reference: string): Image | undefined {
    if (this.#deleted.has(reference)) return undefined;
    const [name = "", digest] = reference.split("@");
    const repository = name.replace(/:[^:/]*$/, "");
    return this.#images.find(
      (image) =>
        (repository === image.repository || repository.endsWith(`/${image.repository}`)) &&
        (image.digests === undefined || (digest !== undefined && image.digests.includes(digest))),
    );
  }

  /** From that registry alone: pods that start from now on cannot pull it. */
  delete(reference: string): void {
    this.#deleted.add(reference);
  }
}
