import { isNameable, type ReleaseFacts, type Signer, type Standing, signersOf, standingOf } from './release-facts.ts'

/** Who signed, and what of it. */
export interface SignerTally {
  readonly signer: Signer
  readonly releases: readonly ReleaseFacts[]
}

export interface ReleaseSummary {
  /** releases of projects, each once */
  readonly packages: number
  readonly files: number
  readonly attestedFiles: number
  /** packages by the worst of their files */
  readonly standings: Readonly<Record<Standing, number>>
  /** packages of which a policy could name who published every file */
  readonly nameable: number
  /** not attested, though an earlier release is */
  readonly attestedBefore: number
  /** not attested, and a later release is */
  readonly attestedAfter: number
  readonly yanked: number
  /** files that count as unattested because the index's pages know no PEP 740 */
  readonly silent: number
  /** the most releases first */
  readonly signers: readonly SignerTally[]
}

const STANDINGS = {
  attested: 0,
  partly: 0,
  unattested: 0,
  failed: 0,
  unsuited: 0,
  missing: 0,
  unknown: 0,
} as const satisfies Record<Standing, number>

export function summariseReleases(releases: readonly ReleaseFacts[]): ReleaseSummary {
  const standings: Record<Standing, number> = { ...STANDINGS }
  for (const release of releases) standings[standingOf(release)] += 1
  const files = releases.flatMap(release => release.files)
  const bare = releases.filter(release => standingOf(release) === 'unattested')
  return {
    packages: releases.length,
    files: files.length,
    attestedFiles: files.filter(({ evidence }) => evidence.kind === 'attested').length,
    standings,
    nameable: releases.filter(isNameable).length,
    attestedBefore: bare.filter(({ attestedBefore }) => attestedBefore !== undefined).length,
    attestedAfter: bare.filter(({ attestedAfter }) => attestedAfter !== undefined).length,
    yanked: releases.filter(isYanked).length,
    silent: files.filter(({ evidence }) => evidence.kind === 'unattested' && evidence.silent).length,
    signers: tally(releases),
  }
}

export function isYanked({ files }: Pick<ReleaseFacts, 'files'>): boolean {
  return files.some(({ yanked }) => yanked !== false)
}

/** One release once, whatever locks name it: with every file that any of them allows. */
export function onePerRelease(releases: readonly ReleaseFacts[]): readonly ReleaseFacts[] {
  const same = Map.groupBy(releases, ({ project, version }) => `${project} ${version}`)
  return [...same.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return []
    const files = [first, ...others].flatMap(({ files: own }) => own)
    return [{ ...first, files: [...new Map(files.map(file => [`${file.sha256} ${file.filename}`, file])).values()] }]
  })
}

function tally(releases: readonly ReleaseFacts[]): readonly SignerTally[] {
  const signed = releases.flatMap(release => signersOf(release).map(signer => ({ signer, release })))
  return [...Map.groupBy(signed, ({ signer }) => signer.key).values()]
    .flatMap(same => same.slice(0, 1).map(({ signer }) => ({ signer, releases: same.map(({ release }) => release) })))
    .sort((a, b) => b.releases.length - a.releases.length || compareNames(a.signer.name, b.signer.name))
}

function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
