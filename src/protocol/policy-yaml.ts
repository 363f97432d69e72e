import { type NonEmpty, nonEmpty } from '../domain/brand.ts'
import { sha256Of } from '../domain/digest.ts'
import type { Instant } from '../domain/instant.ts'
import type { Policy } from '../domain/policy.ts'
import type { Diagnostic } from './diagnostic.ts'
import { compilePolicy, type PolicyContents } from './policy-compile.ts'
import {
  defaultsSchema,
  exemptionSchema,
  githubSchema,
  gitlabSchema,
  googleSchema,
  LATER_KEYS,
  LATER_VALUES,
  policySchema,
  ruleSchema,
} from './policy-schema.ts'
import { describeIssues, type Vocabulary } from './schema-diagnostics.ts'
import { readYaml, type TextFile, type YamlDocument, type YamlPath } from './yaml-document.ts'

export type LoadedPolicy =
  | { readonly policy: Policy; readonly contents: PolicyContents }
  | { readonly diagnostics: NonEmpty<Diagnostic> }

/**
 * Compiles policy files whole or not at all: every diagnostic of every file comes back at once. Several files are read
 * as one policy: publishers, projects and exemptions add up, `defaults` stands in one of them, and a name that stands
 * twice is an error. `now` only decides which exemptions are warned about.
 */
export function loadPolicy(files: readonly TextFile[], now: Instant): LoadedPolicy {
  const [only] = files
  if (only === undefined)
    return { diagnostics: [{ file: 'policy', line: 1, column: 1, path: '', message: 'there is no policy file' }] }
  const diagnostics: Diagnostic[] = []
  const documents: YamlDocument[] = []
  for (const file of files) {
    const read = readYaml(file)
    if ('diagnostics' in read) diagnostics.push(...read.diagnostics)
    else documents.push(read)
  }
  for (const document of documents) {
    const { error } = policySchema.safeParse(document.value)
    if (error !== undefined) diagnostics.push(...describeIssues(error.issues, document, VOCABULARY))
  }
  // an unreadable file would make its names look missing
  const compiled =
    documents.length === files.length
      ? compilePolicy(documents, now)
      : { diagnostics: [], contents: undefined, parts: undefined }
  const wrong = nonEmpty(inOrder([...diagnostics, ...compiled.diagnostics], files))
  if (wrong !== undefined) return { diagnostics: wrong }
  if (compiled.parts === undefined) throw new TypeError('a policy without diagnostics compiles')
  return { policy: compiled.parts(digestOf(files)), contents: compiled.contents }
}

/** sha256 of the file, as `sha256sum` prints it; of several, over their digests in order. */
function digestOf(files: readonly TextFile[]): string {
  const digests = files.map(({ text }) => sha256Of(text))
  return digests.length === 1 ? (digests[0] ?? '') : sha256Of([...digests].sort().join('\n'))
}

function inOrder(diagnostics: readonly Diagnostic[], files: readonly TextFile[]): readonly Diagnostic[] {
  const rank = new Map(files.map(({ path }, index) => [path, index]))
  const sorted = [...diagnostics].sort(
    (a, b) => (rank.get(a.file) ?? 0) - (rank.get(b.file) ?? 0) || a.line - b.line || a.column - b.column,
  )
  const told = new Set<string>()
  return sorted.filter(({ file, line, column, message }) => {
    const key = `${file}:${line}:${column} ${message}`
    if (told.has(key)) return false
    told.add(key)
    return true
  })
}

const PUBLISHER_KEYS = [githubSchema, gitlabSchema, googleSchema].flatMap(({ shape }) => Object.keys(shape))

const VOCABULARY: Vocabulary = {
  keysAt,
  later: { keys: LATER_KEYS, values: LATER_VALUES },
}

function keysAt(path: YamlPath): readonly string[] {
  const last = path.at(-1)
  if (path.length === 0) return Object.keys(policySchema.shape)
  if (last === 'predicates') return ['require', 'allow']
  if (last === 'status') return ['archived', 'deprecated']
  if (last === 'signer') return ['workflow', 'ref']
  if (path.includes('publishers')) return PUBLISHER_KEYS
  if (path[0] === 'projects') return Object.keys(ruleSchema.shape)
  if (path[0] === 'exemptions') return Object.keys(exemptionSchema.shape)
  return path[0] === 'defaults' ? Object.keys(defaultsSchema.shape) : []
}
