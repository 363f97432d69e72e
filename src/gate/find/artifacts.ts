import type { RefusalCode } from '../../domain/base/refusal.ts'
import type { SourceName } from '../../domain/base/source-name.ts'
import { tellMoved } from '../../domain/decide/story.ts'
import type { Refused } from '../../domain/decide/verdict.ts'
import type { ListedFile } from '../../domain/memory/sighting.ts'
import type { Artifact } from '../../domain/packaging/artifact.ts'
import { parseDistFilename } from '../../domain/packaging/filename.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import type { Dropped, IndexFile } from '../../protocol/simple/project-index.ts'
import type { PageIndex } from './known-page.ts'

/** What an index entry must have before anything can be said about the file's bytes. */
export interface ArtifactRules {
  readonly policy: Policy
  /** bytes */
  readonly maxSize: number
  /** a name that another source owns and that this one could be taken for; it may become known after the page was read */
  readonly lookalike?: ((project: ProjectName) => string | undefined) | undefined
}

/** Turns an index entry into an artifact, or into the refusal that its poverty demands. */
export function artifactOf(page: PageIndex, file: IndexFile, rules: ArtifactRules): Artifact | Refused {
  if (page.index.status === 'quarantined')
    return refuse(page, file, rules, 'project-quarantined', quarantineDetail(page))
  if (file.dist === undefined)
    return refuse(
      page,
      file,
      rules,
      'file-unsupported',
      `${file.filename} is neither a wheel nor a source distribution of ${page.index.name}.`,
    )
  if (file.sha256 === undefined) return refuse(page, file, rules, 'digest-missing', withoutSha256(file))
  if (file.size !== undefined && file.size > rules.maxSize)
    return refuse(
      page,
      file,
      rules,
      'too-large',
      `${file.filename} has ${file.size} bytes; files.max_size is ${rules.maxSize}.`,
    )
  const { name } = page.index
  const lookalike = rules.lookalike?.(name)
  return {
    project: name,
    ...sourceOf(page),
    ...(lookalike === undefined ? {} : { lookalike }),
    filename: file.dist,
    path: file.path,
    sha256: file.sha256,
    size: file.size,
    url: file.url,
    uploaded: file.uploaded,
    yanked: file.yanked,
    status: page.index.status,
    coreMetadata: file.dist.kind === 'wheel' ? file.coreMetadata : undefined,
    provenance: file.provenance,
  }
}

/** Other digests prove nothing to the gate, and it says so: an old index may have nothing but md5. */
function withoutSha256({ filename, hashes }: IndexFile): string {
  const others = Object.keys(hashes)
  return `The index lists ${filename} without a sha256${others.length === 0 ? '' : `, with ${others.join(' and ')} alone`}.`
}

/** A file as a page lists it, for what is remembered of the project. */
export function listedFile(file: IndexFile): ListedFile {
  const { path, filename, sha256, dist, uploaded, provenance, yanked } = file
  return {
    path,
    filename,
    sha256,
    version: dist?.version,
    uploaded,
    offered: provenance === 'offered',
    yanked: yanked !== false,
  }
}

/** What an entry that could not be read may have been of; nothing where its name is that of no distribution of the project. */
export function unreadFile({ filename }: Dropped, project: ProjectName): readonly (string | undefined)[] {
  if (typeof filename !== 'string') return [undefined]
  return parseDistFilename(filename, project) === undefined ? [] : [filename]
}

function refuse(page: PageIndex, file: IndexFile, rules: ArtifactRules, code: RefusalCode, detail: string): Refused {
  return {
    kind: 'refused',
    code,
    file: {
      project: page.index.name,
      ...sourceOf(page),
      version: file.dist?.version,
      filename: file.filename,
      sha256: file.sha256,
    },
    rule: undefined,
    identity: undefined,
    detail,
    admitWith: undefined,
    policyDigest: rules.policy.digest,
    steps: [{ mark: 'fail', check: 'the index entry', found: detail }],
    notes: [],
  }
}

/** A file of a quarantined project that the page no longer lists. */
export function refuseQuarantined(page: PageIndex, filename: string, policy: Policy): Refused {
  const detail = quarantineDetail(page)
  return {
    kind: 'refused',
    code: 'project-quarantined',
    file: { project: page.index.name, ...sourceOf(page), version: undefined, filename, sha256: undefined },
    rule: undefined,
    identity: undefined,
    detail,
    admitWith: undefined,
    policyDigest: policy.digest,
    steps: [{ mark: 'fail', check: 'project status', expected: 'active', found: 'quarantined' }],
    notes: [],
  }
}

/** A file that another source lists than the one that its name belongs to. What could be nothing but refused there is refused for that. */
export function movedFrom(was: SourceName, located: Artifact | Refused): Artifact | Refused {
  if (!('kind' in located)) return { ...located, belongsTo: was }
  const { project, source, filename } = located.file
  const [step] = located.steps
  return {
    ...located,
    code: 'source-changed',
    detail: `${tellMoved({ project, belongsTo: was, source, filename })} ${located.detail}`,
    nothingAdmits: `Nothing that a policy says admits it: ${located.code} stands against it too, and that is never waived.`,
    behind: located.code,
    steps: [
      { mark: 'fail', check: 'source', expected: was, ...(source === undefined ? {} : { found: source }) },
      ...(step === undefined ? [] : [step]),
    ],
  }
}

function sourceOf({ index: { source } }: PageIndex): { readonly source?: SourceName } {
  return source === undefined ? {} : { source }
}

function quarantineDetail(page: PageIndex): string {
  return `The index has quarantined ${page.index.name}.`
}
