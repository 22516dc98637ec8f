import test from "ava";
import { readSwitch, setSwitches } from "../../automation/stack-file.ts";

const FILE = `# West.
encryptionsalt: v1:abc=
config:
  p:name: exchange
  p:role: passive # starts passive
  p:traffic: "off"
  p:dns:
    role: nested
`;

test("a flip changes its own lines and nothing else", (t) => {
  t.is(
    setSwitches(FILE, "p", { role: "active", traffic: "on" }),
    FILE.replace("p:role: passive", "p:role: active").replace('"off"', '"on"'),
  );
});

test("a switch that is not there yet is added below config", (t) => {
  t.is(
    setSwitches(FILE, "p", { acceptGeneration: 7 }),
    FILE.replace("config:\n", "config:\n  p:acceptGeneration: 7\n"),
  );
  t.is(setSwitches("", "p", { role: "active" }), "\nconfig:\n  p:role: active\n");
});

test("on and off are quoted: YAML 1.1 reads them as booleans", (t) => {
  t.regex(setSwitches(FILE, "p", { maintenance: "on" }), /^ {2}p:maintenance: "on"$/m);
});

test("flipping twice is flipping once", (t) => {
  const once = setSwitches(FILE, "p", { role: "active", acceptGeneration: 3 });
  t.is(setSwitches(once, "p", { role: "active", acceptGeneration: 3 }), once);
});

test("a switch is read without quotes or comment; an absent or nested one is none", (t) => {
  t.is(readSwitch(FILE, "p", "role"), "passive");
  t.is(readSwitch(FILE, "p", "traffic"), "off");
  t.is(readSwitch(FILE, "p", "missing"), undefined);
  t.is(readSwitch(FILE, "p", "dns"), undefined);
});
