import { type Sha256, sha256Of } from '../../domain/base/digest.ts'
import { formatInstant, type Instant } from '../../domain/base/instant.ts'
import type { Waiver } from '../../domain/base/refusal.ts'
import { scalar } from '../../domain/identity/publisher-text.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Version } from '../../domain/packaging/version.ts'
import { writePins } from './write-pins.ts'

/** A file that passes by its bytes alone. */
export interface ExemptFile {
  readonly project: ProjectName
  readonly version: Version
  readonly filename: string
  readonly sha256: Sha256
  /** never empty */
  readonly waive: readonly Waiver[]
  /** names of the locks that allow it */
  readonly locks: readonly string[]
}

export interface ExemptionOptions {
  readonly at: Instant
  /** who answers for the exemptions */
  readonly owner: string
  /** dates, in order; projects are shared out among them so that not all end at once */
  readonly ends: readonly string[]
  /** `acme` of acme.yaml, where pins may lie beside it; `undefined`: the policy stands alone */
  readonly beside: string | undefined
}

export interface WrittenExemptions {
  /** below `exemptions:` */
  readonly lines: readonly string[]
  /** files to lie beside the policy; names are relative to it */
  readonly pins: readonly { readonly name: string; readonly text: string }[]
}

/** Beside a pins file, one exemption for each lock, reason and end; in a policy that stands alone, one for each release. */
export function writeExemptions(files: readonly ExemptFile[], options: ExemptionOptions): WrittenExemptions {
  const { beside } = options
  const endOf = shareOut(files, options.ends)
  return beside === undefined ? writeAlone(files, endOf, options) : writeBeside(files, endOf, { ...options, beside })
}

type EndOf = (project: ProjectName) => string

/** Neighbours by name end together, and each end has as many projects as another. */
function shareOut(files: readonly ExemptFile[], ends: readonly string[]): EndOf {
  const projects = [...new Set(files.map(({ project }) => project))].sort()
  const place = new Map(
    projects.map((project, index) => [project, Math.floor((index * ends.length) / projects.length)]),
  )
  return project => ends[place.get(project) ?? 0] ?? ''
}

const FOLDER = 'pins'

function writeBeside(
  files: readonly ExemptFile[],
  endOf: EndOf,
  options: ExemptionOptions & { readonly beside: string },
): WrittenExemptions {
  const perLock = files.flatMap(file => file.locks.map(lock => ({ ...file, lock, expires: endOf(file.project) })))
  const groups = [...Map.groupBy(perLock, ({ lock, waive, expires }) => `${lock}\n${waive.join(', ')}\n${expires}`)]
  const names = new Set<string>()
  const written = groups
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, group]) => {
      const [first] = group
      if (first === undefined) return []
      const { lock, waive, expires } = first
      const called = nameOfLock(lock, files)
      const stem = fileWord([options.beside, called.replace(/\.[^./]*$/, ''), ...waive].join('-'))
      let name = stem
      for (let number = 2; names.has(name); number += 1) name = `${stem}-${number}`
      names.add(name)
      const pins = Map.groupBy(group, ({ project, version }) => `${project} ${version}`)
        .values()
        .toArray()
      const releases = pins.flatMap(same => {
        const [one] = same
        return one === undefined ? [] : [{ ...one, hashes: new Set(same.map(({ sha256 }) => sha256)) }]
      })
      const said = { waive, expires, reason: reasonOf(waive, called, options.at), owner: options.owner }
      const id = idOf(`EX-${stem}`, [writePins(releases), said])
      const file = `${FOLDER}/${name}.txt`
      const head = pinsHead(id, `${options.beside}.yaml`)
      return [
        {
          lines: [`  - id: ${scalar(id)}`, `    pins: ./${file}`, waiving(said), ...closing(said)],
          pins: { name: file, text: writePins(releases, [head]) },
        },
      ]
    })
  return { lines: written.flatMap(({ lines }) => lines), pins: written.map(({ pins }) => pins) }
}

/** One exemption for the files of a release that need the same. */
function writeAlone(files: readonly ExemptFile[], endOf: EndOf, options: ExemptionOptions): WrittenExemptions {
  const groups = Map.groupBy(files, ({ project, version, waive }) => `${project} ${version} ${waive.join(', ')}`)
  const sorted = [...groups].sort(([a], [b]) => (a < b ? -1 : 1))
  const lines = sorted.flatMap(([, group]) => {
    const [first] = group
    if (first === undefined) return []
    const { project, version, waive } = first
    const locks = [...new Set(group.flatMap(file => file.locks))].map(lock => nameOfLock(lock, files)).join(', ')
    const said = { waive, expires: endOf(project), reason: reasonOf(waive, locks, options.at), owner: options.owner }
    const pinned = group.map(({ filename, sha256 }) => `      ${JSON.stringify(filename)}: "sha256:${sha256}"`).sort()
    return [
      `  - id: ${scalar(idOf(`EX-${project}-${version}`, [pinned, said]))}`,
      `    project: ${scalar(project)}`,
      `    versions: "==${version}"`,
      waiving(said),
      '    files:',
      ...pinned,
      ...closing(said),
    ]
  })
  return { lines, pins: [] }
}

interface Said {
  readonly waive: readonly Waiver[]
  readonly reason: string
  readonly owner: string
  readonly expires: string
}

function waiving({ waive }: Said): string {
  return `    waive: [${waive.join(', ')}]`
}

function closing({ reason, owner, expires }: Said): readonly string[] {
  return [`    reason: ${JSON.stringify(reason)}`, `    owner: ${JSON.stringify(owner)}`, `    expires: ${expires}`]
}

/** Of what it says, so that two exemptions of one id are one, whoever wrote them. */
function idOf(stem: string, said: unknown): string {
  return `${stem.replace(/[^A-Za-z0-9._-]/g, '-').slice(0, 57)}-${sha256Of(JSON.stringify(said)).slice(0, 6)}`
}

/** The first line of a pins file. */
export function pinsHead(id: string, policyFile: string): string {
  return `What ${id} exempts, with its owner, its reason and its end in ${policyFile} beside this folder.`
}

/** Why these bytes are exempted, by what was seen of them in a lock. */
export function reasonOf(waive: readonly Waiver[], lock: string, at: Instant): string {
  return `${waive.map(waiver => REASONS[waiver]).join('; ')}, as observed on ${formatInstant(at).slice(0, 10)} in ${lock}`
}

/** What an exemption that waives this is for. */
const REASONS: Readonly<Record<Waiver, string>> = {
  attestation: 'no attestation',
  identity: 'signed by somebody whom no rule names',
  predicate: 'predicate types that are not allowed',
  slsa: 'a builder that is not named',
  regression: 'less proved than before, or late to its release',
  cooldown: 'young',
  yanked: 'yanked',
  status: 'an archived or deprecated project',
  source: 'a name like one of ours',
}

/** `uv.lock` of services/a/uv.lock; `a/uv.lock` where another lock is called the same. */
function nameOfLock(lock: string, files: readonly ExemptFile[]): string {
  const last = (path: string, parts: number): string => path.split(/[\\/]/).slice(-parts).join('/')
  const locks = new Set(files.flatMap(file => file.locks))
  return last(lock, [...locks].filter(path => last(path, 1) === last(lock, 1)).length === 1 ? 1 : 2)
}

function fileWord(text: string): string {
  return text
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 100)
}
