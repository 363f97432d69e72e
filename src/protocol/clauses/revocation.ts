import { parseNamedSha256 } from '../../domain/base/digest.ts'
import type { Instant } from '../../domain/base/instant.ts'
import { tryProjectName } from '../../domain/packaging/name.ts'
import type { Revocation, Revoked } from '../../domain/policy/revocation.ts'
import type { Diagnostic } from '../yaml/diagnostic.ts'
import type { RevocationText } from './schema.ts'
import type { Placed } from './sections.ts'
import { parseTime } from './time.ts'
import { covering, readVersions, wrongVersions } from './versions.ts'

type Wrong = (key: string | undefined, message: string) => void

/** What each form is made of: exactly one of the first keys, and what belongs to it. */
const FORMS = {
  sha256: [],
  run: [],
  repository: ['commit', 'signed_after', 'signed_before'],
  project: ['versions'],
} as const satisfies Record<string, readonly (keyof RevocationText)[]>
const NAMES = Object.keys(FORMS) as readonly (keyof typeof FORMS)[]

/** A revocation of the file, or `undefined` when diagnostics were added. */
export function compileRevocation(
  { value: text, document, path }: Placed<RevocationText>,
  diagnostics: Diagnostic[],
): Revocation | undefined {
  const before = diagnostics.length
  const wrong: Wrong = (key, message) =>
    void diagnostics.push(key === undefined ? document.at(path, message) : document.at([...path, key], message))
  const what = readWhat(text, wrong)
  if (what === undefined || diagnostics.length > before) return undefined
  const ref = { id: `revocations[${path.at(-1)}]`, file: document.file, line: document.at(path, '').line }
  return { ref, what, reason: text.reason }
}

function readWhat(text: RevocationText, wrong: Wrong): Revoked | undefined {
  const [name, ...others] = NAMES.filter(key => text[key] !== undefined)
  if (name === undefined) {
    wrong(undefined, `must name what is revoked: ${NAMES.join(', ')}`)
    return undefined
  }
  for (const other of others) wrong(other, `stands beside ${name}: write a revocation for each`)
  for (const [form, keys] of Object.entries(FORMS))
    for (const key of keys)
      if (form !== name && text[key] !== undefined) wrong(key, `belongs to ${form}, not to ${name}`)
  switch (name) {
    case 'sha256': {
      const sha256 = parseNamedSha256(text.sha256 ?? '')
      return sha256 === undefined ? undefined : { kind: 'sha256', sha256 }
    }
    case 'run':
      return { kind: 'run', run: text.run ?? '' }
    case 'repository':
      return readRepository(text, wrong)
    case 'project':
      return readProject(text, wrong)
    default:
      return name satisfies never
  }
}

function readRepository(text: RevocationText, wrong: Wrong): Revoked {
  const { repository = '', commit } = text
  const after = readTime(text, 'signed_after', wrong)
  const before = readTime(text, 'signed_before', wrong)
  if (commit === undefined && text.signed_after === undefined && text.signed_before === undefined)
    wrong(
      'repository',
      'needs a commit, or signed_after, signed_before or both: to refuse a whole project, use `deny` in its rule',
    )
  if (after !== undefined && before !== undefined && after >= before)
    wrong('signed_before', 'is not after signed_after, so nothing could ever match')
  return { kind: 'repository', repository, commit, after, before }
}

function readTime(text: RevocationText, key: 'signed_after' | 'signed_before', wrong: Wrong): Instant | undefined {
  const written = text[key]
  const at = written === undefined ? undefined : parseTime(written)
  if (written !== undefined && at === undefined)
    wrong(key, `must be a time with Z or an offset, such as 2026-10-21T11:00:00Z; found ${JSON.stringify(written)}`)
  return at
}

function readProject(text: RevocationText, wrong: Wrong): Revoked | undefined {
  const { project: written = '', versions: set } = text
  const project = tryProjectName(written)
  const versions = set === undefined ? undefined : readVersions(set)
  if (project === undefined) wrong('project', `must be one project name; found ${JSON.stringify(written)}`)
  if (set === undefined) wrong('project', 'needs versions: to refuse the whole project, use `deny` in its rule')
  else if (versions === undefined) wrong('versions', wrongVersions(set))
  return project === undefined || versions === undefined
    ? undefined
    : { kind: 'project', project, versions: versions.text, covers: covering(versions) }
}
