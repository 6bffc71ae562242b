// The page of the SDK, out of the types that a trigger imports: `npm run docs`.
import { join, relative } from "node:path";
import {
  type InterfaceDeclaration,
  type JSDoc,
  Node,
  Project,
  type SourceFile,
  type TypeElementTypes,
} from "ts-morph";

const root = join(import.meta.dirname, "..");

/** Something that the SDK exports. */
export interface SdkSymbol {
  readonly name: string;
  readonly kind: "function" | "interface" | "type" | "value";
  /** Empty when it has none. */
  readonly doc: string;
  /** As a reader sees it, without its body. */
  readonly signature: string;
  readonly members: readonly Member[];
  /** `src/trigger/sdk.ts` */
  readonly file: string;
}

interface Member {
  /** `messages.send(message: …): void` */
  readonly text: string;
  readonly doc: string;
}

/** Types that the SDK's own are made of, which authors see but never name. */
const SHARED: readonly { readonly file: string; readonly names: readonly string[] }[] = [
  {
    file: "src/model/decision.ts",
    names: ["Action", "ForwardAction", "SendAction", "ReportAction"],
  },
  { file: "src/model/part-of-text.ts", names: ["PartOfText"] },
  { file: "src/model/tlv.ts", names: ["TlvValue", "TlvWishes"] },
  { file: "src/model/channel-change.ts", names: ["ChannelChange"] },
  { file: "src/trigger/script/measure.ts", names: ["Measuring", "Measurement"] },
];

/** All that `import … from "signalbox"` gives, and from `"signalbox/test"`. */
export function sdkSymbols(): { readonly triggers: SdkSymbol[]; readonly tests: SdkSymbol[] } {
  const project = new Project({ skipAddingFilesFromTsConfig: true, skipFileDependencyResolution: true });
  const triggers = exportsOf(project, "src/trigger/sdk.ts");
  const shared = SHARED.flatMap(({ file, names }) =>
    exportsOf(project, file).filter(({ name }) => names.includes(name)),
  );
  const known = new Set(triggers.map(({ name }) => name));
  return {
    triggers: [...triggers, ...shared.filter(({ name }) => !known.has(name))],
    tests: exportsOf(project, "src/trigger/sdk-test.ts"),
  };
}

/** The page, as it should be. */
export function sdkPage(): string {
  const { triggers, tests } = sdkSymbols();
  const functions = triggers.filter(({ kind }) => kind === "function" || kind === "value");
  const types = triggers.filter(({ kind }) => kind === "interface" || kind === "type");
  const all = [...functions, ...types];
  return `# The SDK of triggers

<!-- Made from src/trigger/sdk*.ts by \`npm run docs\`. Change it there. -->

All that a trigger can import from \`"signalbox"\`, and its tests from \`"signalbox/test"\`. How to write one is
told in [triggers.md](triggers.md). Times are milliseconds since 1970 UTC, lengths of texts are in characters,
of octets in octets, where nothing else is said.

${contents(all)}

## What a file calls

${functions.map(section).join("\n\n")}

## What a handler is given, and what it answers

${types.map(section).join("\n\n")}

## \`signalbox/test\`

${tests.map(section).join("\n\n")}
`;
}

function contents(symbols: readonly SdkSymbol[]): string {
  return symbols.map(({ name }) => `[\`${name}\`](#${name.toLowerCase()})`).join(" · ");
}

function section({ name, doc, signature, members }: SdkSymbol): string {
  const parts = [`### ${name}`];
  if (doc !== "") parts.push(doc);
  if (signature !== "") parts.push(`\`\`\`text\n${signature}\n\`\`\``);
  if (members.length > 0) parts.push(members.map(item).join("\n"));
  return parts.join("\n\n");
}

function item({ text, doc }: Member): string {
  const first = `- \`${text}\``;
  if (doc === "") return first;
  // An example of a member stands under it.
  const indented = doc.split("\n").map((line) => (line === "" ? "" : `  ${line}`));
  return `${first}\n${indented.join("\n")}`;
}

function exportsOf(project: Project, path: string): SdkSymbol[] {
  const source = project.addSourceFileAtPath(join(root, path));
  const own = ownExports(source);
  const others = source
    .getExportDeclarations()
    .filter((one) => one.isNamespaceExport())
    .flatMap((one) => {
      const from = one.getModuleSpecifierValue();
      if (from === undefined) return [];
      return exportsOf(project, relative(root, join(source.getDirectoryPath(), from)));
    });
  return [...own, ...others];
}

function ownExports(source: SourceFile): SdkSymbol[] {
  const file = relative(root, source.getFilePath());
  return source.getStatements().flatMap((statement): SdkSymbol[] => {
    if (!Node.isExportable(statement) || !statement.isExported()) return [];
    if (Node.isFunctionDeclaration(statement)) {
      // Of a function with several forms the first tells of all.
      if (statement.getOverloads()[0] !== undefined && statement.isImplementation()) return [];
      if (statement.getPreviousSibling()?.getText().includes(`function ${statement.getName() ?? ""}(`)) return [];
      const name = statement.getName() ?? "";
      const parameters = statement.getParameters().map((one) => one.getText());
      const result = statement.getReturnTypeNode()?.getText() ?? "void";
      const signature = `${name}(${parameters.join(", ")}): ${result}`;
      return [{ name, kind: "function", doc: docOf(statement.getJsDocs()), signature, members: [], file }];
    }
    if (Node.isInterfaceDeclaration(statement)) return [{ ...interfaceOf(statement), file }];
    if (Node.isTypeAliasDeclaration(statement)) {
      const name = statement.getName();
      const doc = docOf(statement.getJsDocs());
      const signature = flat(`type ${name} = ${statement.getTypeNode()?.getText() ?? ""}`);
      return [{ name, kind: "type", doc, signature, members: [], file }];
    }
    if (Node.isVariableStatement(statement))
      return statement.getDeclarations().map((one): SdkSymbol => {
        const type = one.getTypeNode();
        const members = Node.isTypeLiteral(type) ? membersOf(type.getMembers(), "") : [];
        const doc = docOf(statement.getJsDocs());
        const signature = members.length > 0 ? "" : `const ${one.getName()}: ${type?.getText() ?? ""}`;
        return { name: one.getName(), kind: "value", doc, signature, members, file };
      });
    return [];
  });
}

function interfaceOf(declaration: InterfaceDeclaration): Omit<SdkSymbol, "file"> {
  const name = declaration.getName();
  const bases = declaration.getExtends().map((one) => one.getText());
  const signature = bases.length === 0 ? "" : `${name} extends ${bases.join(", ")}`;
  const doc = docOf(declaration.getJsDocs());
  return { name, kind: "interface", doc, signature, members: membersOf(declaration.getMembers(), "") };
}

/** What is in an object of an object goes by its path: `messages.send(…)`. */
function membersOf(members: readonly TypeElementTypes[], path: string): Member[] {
  return members.flatMap((member): Member[] => {
    const doc = Node.isJSDocable(member) ? docOf(member.getJsDocs()) : "";
    if (!Node.isPropertySignature(member)) return [{ text: path + flat(member.getText()), doc }];
    const type = member.getTypeNode();
    if (!Node.isTypeLiteral(type)) return [{ text: path + flat(member.getText()), doc }];
    const inside = `${path}${member.getName()}.`;
    const own = doc === "" ? [] : [{ text: `${path}${member.getName()}`, doc }];
    return [...own, ...membersOf(type.getMembers(), inside)];
  });
}

/** On one line, without comments inside, `readonly` and the semicolon. */
function flat(text: string): string {
  return text
    .replaceAll(/\/\*[\s\S]*?\*\//g, "")
    .replaceAll(/\breadonly (?=[\w"[])/g, "")
    .replaceAll(/\s+/g, " ")
    .replaceAll("`", "'")
    .replace(/;\s*$/, "")
    .trim();
}

function docOf(docs: readonly JSDoc[]): string {
  const text = docs.at(-1)?.getInnerText().trim() ?? "";
  return text;
}
