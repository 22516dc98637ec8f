import { access, constants, stat } from "node:fs/promises";
import path from "node:path";
import test from "ava";
import { findBinaries } from "../../../sandbox/aurora/binaries.ts";

const isExecutable = async (file: string): Promise<boolean> =>
  await access(file, constants.X_OK).then(
    () => true,
    () => false,
  );

test("an ordinary user runs the installed programs as himself", async (t) => {
  const { directory, user } = await findBinaries(1_000);
  t.is(user, undefined);
  t.true(directory.includes("node_modules"));
  for (const program of ["initdb", "postgres"])
    t.true(await isExecutable(path.join(directory, program)), program);
});

const asRoot = process.getuid?.() === 0 ? test : test.skip;
asRoot("root gets a copy that another user can read, and that user", async (t) => {
  const { directory, user } = await findBinaries();
  t.deepEqual(user, { uid: 65_534, gid: 65_534 });
  for (let at = directory; at !== "/"; at = path.dirname(at)) {
    t.is((await stat(at)).mode & 0o005, 0o005, `${at} is open to everybody`);
  }
  t.is((await findBinaries()).directory, directory, "made once");
});
