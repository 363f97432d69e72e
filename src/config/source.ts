import type { z } from 'zod'
import { type Diagnostic, formatDiagnostic } from '../protocol/yaml/diagnostic.ts'
import { describeIssues } from '../protocol/yaml/schema-diagnostics.ts'
import { valueAt } from '../protocol/yaml/value-at.ts'
import type { YamlDocument, YamlPath } from '../protocol/yaml/yaml-document.ts'
import { CONFIG_KEYS, SECRET_MEMBERS } from './keys.ts'
import { configSchema } from './schema.ts'

/** Settings that came from one place: a file, the environment, the command line. */
export interface SettingSource {
  readonly document: YamlDocument
  /** what relative paths stand under */
  readonly folder: string
  /** `portcullis.yaml:3:5`, `PORTCULLIS_LISTEN`, `--listen` */
  origin(path: YamlPath): string
}

/** What a source says, or a line for each thing that is wrong with it. */
export interface Reading {
  readonly source: SettingSource | undefined
  readonly wrong: readonly string[]
}

/** A source without lines and columns: settings by path, each under the name it was given by. */
export function namedSource(
  folder: string,
  settings: readonly { readonly path: readonly string[]; readonly value: unknown; readonly name: string }[],
): SettingSource {
  const value: Record<string, unknown> = {}
  for (const { path, value: setting } of settings) put(value, path, setting)
  const origin = (path: YamlPath) =>
    settings.find(({ path: own }) => own.every((part, index) => path[index] === part))?.name ?? ''
  const at = (path: YamlPath, message: string): Diagnostic => ({
    file: origin(path),
    line: 0,
    column: 0,
    path: '',
    message,
  })
  return { folder, origin, document: { file: '', value, at, atKey: at, source: () => undefined } }
}

/** In a person's words and at its place; nothing that a secret setting holds is ever repeated. */
export function describe(issues: readonly z.core.$ZodIssue[], { document, folder }: SettingSource): readonly string[] {
  const open = issues.filter(issue => !isSecret(issue.path)).map(issue => askForUnit(issue, document))
  const diagnostics = [
    ...describeIssues(open, document, configSchema(folder)),
    ...issues.filter(issue => isSecret(issue.path)).map(issue => describeSecret(issue, document)),
  ]
  return diagnostics.sort((a, b) => a.line - b.line || a.column - b.column).map(format)
}

/** "Write it in quotes" would be no help for `timeout: 10`. */
function askForUnit(issue: z.core.$ZodIssue, document: YamlDocument): z.core.$ZodIssue {
  const key = CONFIG_KEYS.find(({ path }) => path.join('.') === issue.path.join('.'))
  const count = key === undefined ? undefined : valueAt(document.value, key.path)
  if (typeof count !== 'number' || !/^[0-9]+(?:s|m|h|d)$/.test(String(key?.usual))) return issue
  return { code: 'custom', path: issue.path, message: `needs a unit, such as ${String(key?.usual)}; found ${count}` }
}

function isSecret(path: readonly PropertyKey[]): boolean {
  return CONFIG_KEYS.some(({ handling, path: own }) => {
    if (handling === 'open' || handling === 'from-file' || !own.every((part, i) => path[i] === part)) return false
    return handling === 'secret' || path.slice(own.length).some(isSecretMember)
  })
}

function isSecretMember(part: PropertyKey): boolean {
  return SECRET_MEMBERS.has(String(part))
}

function describeSecret(issue: z.core.$ZodIssue, document: YamlDocument): Diagnostic {
  const path = issue.path.map(part => (typeof part === 'number' ? part : String(part)))
  const message =
    issue.code === 'custom'
      ? issue.message
      : path[0] === 'upstream'
        ? 'must be a mapping of origins, each with { username, password }, or with a { token } in printable ASCII'
        : path[0] === 'notify'
          ? 'must be an https: URL, or http: on a loopback address'
          : 'must be { username, password }, or a { token } in printable ASCII'
  return inAuth(document.atKey(path, message), path)
}

/** A key may hold a secret too, when somebody writes a URL with credentials. */
function inAuth(diagnostic: Diagnostic, path: YamlPath): Diagnostic {
  const secret = path.findIndex(isSecretMember)
  const shown = (secret < 0 ? path : path.slice(0, secret + 1)).join('.')
  return { ...diagnostic, path: diagnostic.path === '' ? '' : shown }
}

function format(diagnostic: Diagnostic): string {
  return diagnostic.line === 0 ? `${diagnostic.file}: ${diagnostic.message}` : formatDiagnostic(diagnostic)
}

export function put(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [name = '', ...rest] = path
  if (rest.length === 0) {
    target[name] = value
    return
  }
  const inner = valueAt(target, [name]) ?? {}
  target[name] = inner
  put(inner as Record<string, unknown>, rest, value)
}
