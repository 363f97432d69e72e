import { performance } from 'node:perf_hooks'
import { sha256Of } from '../domain/base/digest.ts'
import { GateError } from '../domain/base/errors.ts'
import type { Clock, Millis } from '../domain/base/instant.ts'
import { identityOfVerdict } from '../domain/decide/decide.ts'
import type { Verdict } from '../domain/decide/verdict.ts'
import type { Artifact, FilePath } from '../domain/packaging/artifact.ts'
import type { ProjectName } from '../domain/packaging/name.ts'
import type { Events } from '../observe/events.ts'
import type { Blobs } from '../ports/blobs.ts'
import type { Store } from '../ports/memory.ts'
import type { Index, Integrity, Origin } from '../ports/outward.ts'
import type { Trust, Verifier } from '../ports/trust.ts'
import type { IndexFile } from '../protocol/simple/project-index.ts'
import { createVault } from './files/vault.ts'
import { artifactOf } from './find/artifacts.ts'
import { createIndexes } from './find/indexes.ts'
import { createLocate } from './find/locate.ts'
import type { Gate } from './gate.ts'
import { createBackground } from './judge/background.ts'
import { createClockGuard } from './judge/clock-guard.ts'
import { createExamine } from './judge/examine.ts'
import { createJudge } from './judge/judge.ts'
import { createPep740Watch } from './judge/pep740-watch.ts'
import { tellAlternatives } from './pages/alternatives.ts'
import { createLegacy } from './pages/legacy.ts'
import { createLinks } from './pages/links.ts'
import type { ListingMode } from './pages/listing.ts'
import { createPages } from './pages/pages.ts'
import type { Policies } from './policy/policies.ts'
import { createReadiness } from './readiness.ts'
import { createExplained } from './records/explained.ts'

/** Everything the gate is made of; the composition root fills it in. */
export interface GateParts {
  readonly index: Index
  readonly integrity: Integrity
  readonly origin: Origin
  readonly verifier: Verifier
  readonly trust: Trust
  readonly store: Store
  readonly blobs: Blobs
  readonly policies: Policies
  readonly events: Events
  readonly clock: Clock
}

export interface GateSettings {
  /** absolute, without a trailing slash; `undefined`: file URLs are relative */
  readonly publicUrl: string | undefined
  /** where the gate listens, for URLs that must be absolute without a public one */
  readonly listenUrl: () => string
  readonly mode: ListingMode
  readonly maxAge: Millis
  readonly maxStale: Millis
  readonly negativeTtl: Millis
  /** bytes */
  readonly spool: number
  /** bytes */
  readonly maxSize: number
  readonly isInternal: (project: ProjectName) => boolean
  readonly draining: () => boolean
}

export interface RunningGate extends Gate {
  /** What the page that located a file says of it; `undefined` when that page is not at hand any more. */
  listed(artifact: Artifact): IndexFile | undefined
  /** Resolves when no verification is queued behind a listing. */
  settled(): Promise<void>
  close(): void
}

export function createGate(parts: GateParts, settings: GateSettings): RunningGate {
  const { index, integrity, origin, verifier, trust, store, blobs, policies, events } = parts
  const { maxAge, maxStale, maxSize, negativeTtl, isInternal } = settings
  const clock = createClockGuard(parts.clock, store.watermark, events)
  recallRefresh(parts)
  const watch = createPep740Watch(events)
  const learned = new Map<ProjectName, number>()
  const learn = (project: ProjectName): void => void learned.set(project, (learned.get(project) ?? 0) + 1)

  const vault = createVault({
    blobs,
    origin,
    events,
    clock: clock.read,
    spool: settings.spool,
    maxSize,
    rememberMetadataMismatch: (artifact, detail) => examine.rememberMetadataMismatch(artifact, detail, clock.read()),
  })
  const examine = createExamine({
    findings: store.findings,
    histories: store.histories,
    integrity,
    verifier,
    trust,
    customRoots: () => policies.current().roots,
    negativeTtl,
    watch,
    keepProvenance: bytes => vault.keep(sha256Of(bytes), bytes),
    learned: ({ project }) => learn(project),
  })
  const indexes = createIndexes({
    index,
    sightings: store.sightings,
    events,
    clock: clock.read,
    maxAge,
    maxStale,
    isInternal,
  })
  const judge = createJudge({ clock, examine, histories: store.histories, policies, trust, watch })
  const locate = createLocate({ indexes, sightings: store.sightings, policies, maxSize, isInternal })
  const explained = createExplained(store.refusals, clock.read)
  const background = createBackground(judge.judge, cause =>
    events.emit({
      type: 'unknown',
      code: 'unknown-bug',
      detail: 'a file of a listing could not be judged',
      route: 'background',
      untrusted: undefined,
      cause,
      id: '',
    }),
  )
  const linksFor = (relativeTo: 'page' | 'absolute') =>
    createLinks({ publicUrl: settings.publicUrl, listenUrl: settings.listenUrl, relativeTo, keep: explained.keep })
  const pages = createPages({
    indexes,
    policies,
    judge,
    background,
    links: linksFor('page'),
    mode: settings.mode,
    maxSize,
    negativeTtl,
    clock: clock.read,
    verdicts: project => learned.get(project) ?? 0,
  })
  const legacy = createLegacy({
    index,
    indexes,
    policies,
    judge,
    background,
    links: linksFor('absolute'),
    maxAge,
    maxSize,
    negativeTtl,
    clock: clock.read,
    verdicts: project => learned.get(project) ?? 0,
  })
  const readiness = createReadiness({ policies, trust, store, clock, watch, draining: settings.draining })

  function journal(verdict: Verdict, client: string, startedMs: number): void {
    const identity = identityOfVerdict(verdict)
    const admitted = verdict.kind === 'admitted'
    const file = admitted
      ? {
          project: verdict.artifact.project,
          filename: verdict.artifact.filename.text,
          sha256: verdict.artifact.sha256,
        }
      : verdict.file
    const wouldRefuse = admitted ? verdict.facts.wouldRefuse : undefined
    const code = admitted ? verdict.facts.by : verdict.code
    const rule = admitted ? verdict.facts.rule : verdict.rule
    store.journal.record({
      at: clock.read(),
      filename: file.filename,
      project: file.project,
      sha256: file.sha256,
      outcome: verdict.kind,
      code: wouldRefuse === undefined ? code : `audit:${wouldRefuse.code}`,
      rule: rule?.id,
      identity,
      policyDigest: admitted ? verdict.facts.policyDigest : verdict.policyDigest,
      trustDigest: trust.digest(),
      client,
    })
    events.emit({
      type: 'verdict',
      outcome: verdict.kind,
      code,
      project: file.project,
      filename: file.filename,
      sha256: file.sha256,
      rule: rule?.id,
      identity: identity?.san,
      client,
      ms: performance.now() - startedMs,
      explain: admitted ? wouldRefuse && explained.keep(wouldRefuse) : explained.keep(verdict),
      wouldRefuse: wouldRefuse?.code,
    })
  }

  /** A person who is refused something wants to know what to install instead. */
  function withAlternatives(verdict: Verdict): Verdict {
    if (verdict.kind === 'admitted') return verdict
    const page = indexes.atHand(verdict.file.project as ProjectName)
    if (page === undefined) return verdict
    const rules = { policy: policies.current(), maxSize }
    const sentence = tellAlternatives(verdict, page, file => {
      const artifact = artifactOf(page, file, rules)
      if ('kind' in artifact || page.changed.has(file.filename)) return 'refused'
      return judge.foresee(artifact, rules.policy, clock.read())?.kind ?? 'open'
    })
    return sentence === undefined ? verdict : { ...verdict, notes: [...verdict.notes, sentence] }
  }

  return {
    page: pages.page,
    atHand: { page: pages.atHand, locate: locate.atHand, judge: judge.atHand },
    legacy,
    locate: (path: FilePath) => locate.byPath(path),
    locateByName: locate.byName,
    judge: async artifact => withAlternatives(await judge.judge(artifact)),
    open: vault.open,
    metadata: vault.metadata,
    keep: explained.keep,
    explained: explained.get,
    journal,
    readiness,
    policy: () => policies.current(),
    listed: ({ project, path }) => indexes.atHand(project)?.byPath.get(path),
    settled: background.idle,
    close: background.close,
    async provenance(project, filename) {
      const artifact = await locate.byName(project, filename)
      if ('kind' in artifact) throw new GateError('no-provenance', `no provenance for ${filename.text}`)
      const now = clock.now()
      const known = examine.known(artifact, now)
      const attested = known?.finding.kind === 'attested' ? known.finding : undefined
      const kept = attested === undefined ? undefined : await vault.kept(attested.provenanceSha256)
      if (kept !== undefined) return kept
      if (known !== undefined && attested === undefined && examine.lasting(known, now, 'refused'))
        throw new GateError('no-provenance', `no provenance for ${filename.text}`)
      const finding = await examine.anew(artifact, now)
      const bytes = finding.kind === 'attested' ? await vault.kept(finding.provenanceSha256) : undefined
      if (bytes === undefined) throw new GateError('no-provenance', `no provenance that verifies for ${filename.text}`)
      return bytes
    },
  }
}

/** The store raises its watermark with all that it records; one that was begun anew still learns when TUF last answered. */
function recallRefresh({ trust, store, clock }: GateParts): void {
  const { source, refreshed } = trust.status(clock())
  if (source === 'tuf' && refreshed !== undefined) store.watermark.raise(refreshed)
}
