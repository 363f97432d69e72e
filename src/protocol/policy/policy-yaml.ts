import { type NonEmpty, nonEmpty } from '../../domain/base/brand.ts'
import { sha256Of } from '../../domain/base/digest.ts'
import type { Instant } from '../../domain/base/instant.ts'
import { isApproval } from '../../domain/policy/approval-files.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import { noPinsFiles, type ReadPinsFile } from '../clauses/named-pins.ts'
import type { ReadRoot, RootUse } from '../clauses/publisher.ts'
import { policySchema } from '../clauses/schema.ts'
import type { Diagnostic } from '../yaml/diagnostic.ts'
import { describeIssues } from '../yaml/schema-diagnostics.ts'
import { readYamlDocuments, type TextFile, type YamlDocument } from '../yaml/yaml-document.ts'
import { compilePolicy, type PolicyContents } from './compile.ts'
import { runTests, type TestOutcome } from './run-tests.ts'

export type LoadedPolicy =
  | { readonly policy: Policy; readonly contents: PolicyContents; readonly tests: readonly TestOutcome[] }
  /** `tests` are there when they alone stand against it */
  | { readonly diagnostics: NonEmpty<Diagnostic>; readonly tests?: readonly TestOutcome[] }

/** characters from which on zod's compiled checks are done sooner than made */
const WORTH_COMPILING = 64 * 1024

/**
 * Compiles policy files whole or not at all: every diagnostic of every file comes back at once. Several files, and several
 * documents of one, are read as one policy: publishers, projects and exemptions add up; what stands in several of them and is equal
 * is one, and what is unequal is one diagnostic that names both places. The policy's own tests run; one that fails is a diagnostic.
 * `now` decides how long an exemption lives and is the moment of the tests. Files that the policy names are read by `readRoot` and `readPins`.
 * `sources` are those of the configuration, where one is at hand: any other that the policy names is a diagnostic.
 */
export function loadPolicy(
  files: readonly TextFile[],
  now: Instant,
  readRoot: ReadRoot,
  readPins: ReadPinsFile = noPinsFiles,
  sources?: readonly string[],
): LoadedPolicy {
  const [only] = files
  if (only === undefined)
    return { diagnostics: [{ file: 'policy', line: 1, column: 1, path: '', message: 'there is no policy file' }] }
  const diagnostics: Diagnostic[] = []
  const documents: YamlDocument[] = []
  for (const file of files) {
    const read = readOften(file)
    if ('diagnostics' in read) diagnostics.push(...read.diagnostics)
    else documents.push(...read)
  }
  const readable = diagnostics.length === 0
  const jitless = files.reduce((size, { text }) => size + text.length, 0) < WORTH_COMPILING
  for (const document of documents) {
    if (fitting.has(document)) continue
    const { error } = policySchema.safeParse(document.value, { jitless })
    if (error === undefined) fitting.add(document)
    else diagnostics.push(...describeIssues(error.issues, document, policySchema))
  }
  // an unreadable file would make its names look missing
  const compiled = readable
    ? compilePolicy(documents, now, { root: readRoot, pins: readPins, sources })
    : { diagnostics: [], contents: undefined, parts: undefined }
  const wrong = nonEmpty(inOrder([...diagnostics, ...compiled.diagnostics], files))
  if (wrong !== undefined) return { diagnostics: wrong }
  if (compiled.parts === undefined) throw new TypeError('a policy without diagnostics compiles')
  const { contents } = compiled
  const policy = compiled.parts(digestOf(files, contents.rootUses, contents.pinsFiles))
  const tests = runTests(contents.tests, policy, now)
  const failed = nonEmpty(tests.filter(({ passed }) => !passed).map(({ place }) => place))
  return failed === undefined ? { policy, contents, tests } : { diagnostics: failed, tests }
}

type ReadFile = ReturnType<typeof readYamlDocuments>

const before = new WeakSet<TextFile>()
const kept = new WeakMap<TextFile, ReadFile>()
/** documents that fit the schema */
const fitting = new WeakSet<YamlDocument>()

/**
 * Reading is most of the work, and a policy is read again with each approval that comes beside it: a file that is read for the second time
 * is kept as it was read, for as long as somebody has it. What is read once takes no room.
 */
function readOften(file: TextFile): ReadFile {
  const known = kept.get(file)
  if (known !== undefined) return known
  const read = readYamlDocuments(file)
  if (before.has(file)) kept.set(file, read)
  else before.add(file)
  return read
}

/**
 * sha256 of the file, as `sha256sum` prints it; of several, or with trusted roots or pins beside, over their digests in order. That of a
 * root stands there with the file that names it and the path by which it does, that of pins with the exemption whose they are: two that
 * change places are another policy. So is one in which what was approved stands in a file.
 */
function digestOf(
  files: readonly TextFile[],
  roots: readonly RootUse[],
  pinsFiles: PolicyContents['pinsFiles'],
): string {
  const digests = new Map(files.map(file => [file.path, digestOfFile(file)]))
  const used = new Set([
    ...roots.map(({ file, written, digest }) => `${digests.get(file)} ${JSON.stringify(written)} ${digest}`),
    ...pinsFiles.flatMap(({ text, exemptions }) => {
      const digest = sha256Of(text)
      return exemptions.map(id => sha256Of(`pins of ${id}\n${digest}`))
    }),
  ])
  const [only] = digests.values()
  if (only !== undefined && files.length === 1 && used.size === 0) return only
  return sha256Of([...files.map(digestOfFile), ...used].sort().join('\n'))
}

/** The same words weigh less as an approval than in a file of the policy. */
function digestOfFile({ path, text }: TextFile): string {
  return sha256Of(isApproval(path) ? `approved\n${text}` : text)
}

function inOrder(diagnostics: readonly Diagnostic[], files: readonly TextFile[]): readonly Diagnostic[] {
  const rank = new Map(files.map(({ path }, index) => [path, index]))
  const rankOf = ({ file }: Diagnostic) => rank.get(file) ?? files.length // what they name comes after them
  const sorted = [...diagnostics].sort(
    (a, b) =>
      rankOf(a) - rankOf(b) ||
      (a.file === b.file ? 0 : a.file < b.file ? -1 : 1) ||
      a.line - b.line ||
      a.column - b.column,
  )
  const told = new Set<string>()
  return sorted.filter(({ file, line, column, message }) => {
    const key = `${file}:${line}:${column} ${message}`
    if (told.has(key)) return false
    told.add(key)
    return true
  })
}
