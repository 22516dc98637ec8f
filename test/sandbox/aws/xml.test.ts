import test from "ava";
import { child, readXml, writeXml } from "../../../sandbox/aws/xml.ts";

test("what is written is read back, special characters and empty elements included", (t) => {
  const document = writeXml(
    "Root",
    { Name: 'a<b>&"c"', None: undefined, Empty: "", Item: [{ N: 1 }, { N: 2 }], On: true },
    "urn:x",
  );
  t.is(
    document,
    '<?xml version="1.0" encoding="UTF-8"?>\n<Root xmlns="urn:x"><Name>a&lt;b&gt;&amp;&quot;c&quot;</Name>' +
      "<Empty></Empty><Item><N>1</N></Item><Item><N>2</N></Item><On>true</On></Root>",
  );
  const root = readXml(document);
  t.is(root.name, "Root");
  t.is(child(root, "Name")?.text, 'a<b>&"c"');
  t.is(child(root, "Item", "N")?.text, "1");
  t.is(child(root, "None"), undefined);
  t.deepEqual(
    root.children.map(({ name }) => name),
    ["Name", "Empty", "Item", "Item", "On"],
  );
});

test("numeric references and self-closing elements are understood", (t) => {
  const root = readXml("<a><b/><c>&#65;&#x42;&apos;</c></a>");
  t.deepEqual(
    root.children.map(({ name, text }) => [name, text]),
    [
      ["b", ""],
      ["c", "AB'"],
    ],
  );
});

test("elements that do not nest are refused", (t) => {
  t.throws(() => readXml("<a><b></a></b>"), { instanceOf: SyntaxError, message: "XML: </a> closes <b>" });
  t.throws(() => readXml("<a>"), { instanceOf: SyntaxError, message: "XML: no complete root element" });
});
