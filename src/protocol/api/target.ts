import { GateError } from '../../domain/base/errors.ts'
import type { FilePath } from '../../domain/packaging/artifact.ts'
import { parseFilePath } from '../../domain/packaging/file-path.ts'
import { isListedFilename } from '../../domain/packaging/filename.ts'
import { type ProjectName, tryProjectName } from '../../domain/packaging/name.ts'
import { parseVersion, type Version } from '../../domain/packaging/version.ts'

export interface ReleaseTarget {
  readonly kind: 'release'
  readonly project: ProjectName
  readonly version: Version
}

/** A project: its newest release is meant. */
interface ProjectTarget {
  readonly kind: 'project'
  readonly project: ProjectName
  /** what else may have been meant, where the index has no such project */
  readonly hint: string | undefined
}

export type Target =
  | ReleaseTarget
  | ProjectTarget
  | { readonly kind: 'filename'; readonly filename: string }
  | { readonly kind: 'path'; readonly path: FilePath }
  | { readonly kind: 'refusal'; readonly id: string }

const RELEASE = /^([^=\s[\]]+)(?:\[[^\]]*\])?\s*==\s*([^=\s]+)$/
/** as the gate makes them: twelve digits of base32 without i, l, o and u, so that few words are one */
const REFUSAL_ID = /^[0-9a-hjkmnp-tv-z]{12}$/
const DISTRIBUTION = /\.(?:whl|tar\.gz|zip|tar\.bz2|tgz|egg|exe|rpm)$/

/** `name==version` as pip takes it, extras ignored; `undefined` for anything that does not look like it. Throws `usage`. */
export function parseRelease(text: string): ReleaseTarget | undefined {
  const [, nameText, versionText] = RELEASE.exec(text.trim()) ?? []
  if (nameText === undefined || versionText === undefined) return undefined
  const project = tryProjectName(nameText)
  const version = parseVersion(versionText)
  if (project === undefined) throw new GateError('usage', `${JSON.stringify(nameText)} is not a project name`)
  if (version === undefined) throw new GateError('usage', `${JSON.stringify(versionText)} is not one version (PEP 440)`)
  return { kind: 'release', project, version }
}

/** What `explain` can be asked about. Throws `usage`. */
export function parseTarget(text: string): Target {
  const release = parseRelease(text)
  if (release !== undefined) return release
  if (/^https?:\/\//i.test(text)) return parseUrl(text)
  if (REFUSAL_ID.test(text)) return { kind: 'refusal', id: text }
  if (/[/\\]/.test(text))
    throw new GateError(
      'usage',
      'explain asks the index about a file name, not about a path: `portcullis verify` judges a file on this machine',
    )
  if (isListedFilename(text) && DISTRIBUTION.test(text)) return { kind: 'filename', filename: text }
  const project = tryProjectName(text.replace(/\[[^\]]*\]$/, ''))
  if (project !== undefined) return { kind: 'project', project, hint: hintOf(text) }
  throw new GateError(
    'usage',
    `${JSON.stringify(text)} is neither a file name (demo-1.0-py3-none-any.whl), nor a name or name==version, nor a file URL, nor the id of a refusal`,
  )
}

/** Some figures among letters, of about the length of a refusal's id, are hardly the name of a project. */
function hintOf(text: string): string | undefined {
  const figures = text.replace(/[^0-9]/g, '').length
  if (!/^[0-9a-z]{9,16}$/i.test(text) || figures < 2) return undefined
  const counted = text.length === 12 ? '' : `; this has ${text.length}`
  return `it looks like the id of a refusal, which has 12 characters, of 0-9 and a-z without i, l, o and u${counted}`
}

/** The host is not looked at: a file has the same path at PyPI and at the gate. */
function parseUrl(text: string): Target {
  const segments = segmentsOf(text)
  const explain = segments.lastIndexOf('x')
  const id = segments[explain + 1]
  if (explain >= 0 && id !== undefined && REFUSAL_ID.test(id)) return { kind: 'refusal', id }
  const last = segments.at(-1)?.replace(/\.(?:metadata|provenance)$/, '') ?? ''
  const [packages, a = '', b = '', rest = ''] = segments.slice(-5)
  const path = packages === 'packages' ? parseFilePath(a, b, rest, last) : undefined
  if (path !== undefined) return { kind: 'path', path }
  if (isListedFilename(last) && DISTRIBUTION.test(last)) return { kind: 'filename', filename: last }
  throw new GateError('usage', 'the URL is neither that of a file nor that of an explain page')
}

function segmentsOf(text: string): readonly string[] {
  try {
    return new URL(text).pathname.split('/').map(decodeURIComponent)
  } catch (cause) {
    throw new GateError('usage', 'the URL cannot be read', { cause })
  }
}
