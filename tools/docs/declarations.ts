import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Comment, type Directive, parseSync, type Statement } from 'oxc-parser';

/** Something public, as its source has it. */
export interface Declaration {
  readonly name: string;
  readonly kind: 'function' | 'class' | 'interface' | 'type' | 'constant';
  /** What its comment says, as Markdown; empty without one. */
  readonly doc: string;
  /** Its declaration without what it does. */
  readonly signature: string;
}

interface Module {
  readonly path: string;
  readonly source: string;
  readonly comments: readonly Comment[];
  readonly body: readonly (Directive | Statement)[];
}

/** All that a module exports, in the order in which it does. Throws where it names what is not there. */
export function declarationsOf(path: string): readonly Declaration[] {
  const module = load(path);
  return module.body.flatMap((statement) => {
    if (statement.type === 'ExportAllDeclaration') {
      const all = declarationsOf(beside(path, statement.source.value));
      return statement.exportKind === 'type' ? all.filter(({ kind }) => kind !== 'constant') : all;
    }
    if (statement.type !== 'ExportNamedDeclaration') return [];
    const { declaration, source, specifiers } = statement;
    if (declaration !== null) return declared(module, statement);
    if (source === null) throw new Error(`${path} exports what it has not declared there`);
    const there = declarationsOf(beside(path, source.value));
    return specifiers.map(({ local, exported }) => {
      const found = there.find(({ name }) => name === nameOf(local));
      if (found === undefined) throw new Error(`${path} exports ${nameOf(local)}, which ${source.value} has not`);
      return { ...found, name: nameOf(exported) };
    });
  });
}

function load(path: string): Module {
  const source = readFileSync(path, 'utf8');
  const { program, comments, errors } = parseSync(path, source);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
  return { path, source, comments, body: program.body };
}

function declared(module: Module, statement: Statement): readonly Declaration[] {
  if (statement.type !== 'ExportNamedDeclaration' || statement.declaration === null) return [];
  const { declaration } = statement;
  const doc = docBefore(module, statement.start);
  const text = (start: number, end: number): string => module.source.slice(start, end).trimEnd();
  switch (declaration.type) {
    case 'TSInterfaceDeclaration':
    case 'TSTypeAliasDeclaration': {
      const kind = declaration.type === 'TSInterfaceDeclaration' ? 'interface' : 'type';
      return [{ name: declaration.id.name, kind, doc, signature: text(declaration.start, declaration.end) }];
    }
    case 'FunctionDeclaration': {
      const end = declaration.body?.start ?? declaration.end;
      return [{ name: declaration.id?.name ?? '', kind: 'function', doc, signature: text(declaration.start, end) }];
    }
    case 'ClassDeclaration': {
      const head = text(declaration.start, declaration.body.start);
      const members = declaration.body.body.flatMap((member) => {
        if (member.type !== 'MethodDefinition' && member.type !== 'PropertyDefinition') return [];
        if (member.key.type === 'PrivateIdentifier') return [];
        const end = member.type === 'MethodDefinition' ? member.value.body?.start : member.value?.start;
        const line = text(member.start, end ?? member.end).replace(/\s*=$/, '');
        const comment = commentBefore(module, member.start);
        return [...(comment === undefined ? [] : [comment]), line.endsWith(';') ? line : `${line};`];
      });
      const signature = `${head} {\n${members.map((line) => `  ${line}`).join('\n')}\n}`;
      return [{ name: declaration.id?.name ?? '', kind: 'class', doc, signature }];
    }
    case 'VariableDeclaration':
      return declaration.declarations.map(({ id, init, end }) => {
        const name = id.type === 'Identifier' ? id.name : '';
        const isShort = init === null || module.source.slice(init.start, end).split('\n').length <= MAX_LINES;
        const signature = text(declaration.start, isShort ? end : init.start).replace(/\s*=$/, '');
        return { name, kind: 'constant', doc, signature };
      });
    default:
      return [];
  }
}

/** Of a constant whose value is shown. */
const MAX_LINES = 12;

/** A documenting comment that ends where something begins. */
function commentBefore({ source, comments }: Module, start: number): string | undefined {
  const before = comments.findLast(({ end }) => end <= start);
  if (before === undefined || !before.value.startsWith('*') || source.slice(before.end, start).trim() !== '') return;
  return source.slice(before.start, before.end);
}

function docBefore(module: Module, start: number): string {
  const comment = commentBefore(module, start);
  if (comment === undefined) return '';
  const lines = comment
    .slice(3, -2)
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd());
  const [prose, ...examples] = lines
    .join('\n')
    .trim()
    .split(/^@example$/m);
  return [prose?.trim() ?? '', ...examples.map((example) => `\`\`\`ts\n${example.trim()}\n\`\`\``)].join('\n\n').trim();
}

function beside(path: string, specifier: string): string {
  return join(dirname(path), specifier);
}

function nameOf(node: { readonly type: string; readonly name?: string; readonly value?: unknown }): string {
  return node.name ?? String(node.value);
}
