import { sha256Of } from '../domain/base/digest.ts'
import { GateError } from '../domain/base/errors.ts'
import { type Clock, type Millis, millis } from '../domain/base/instant.ts'
import { renewedRefusal } from '../domain/decide/admit-with.ts'
import { Admitted, type Verdict } from '../domain/decide/verdict.ts'
import { seenFiles } from '../domain/memory/project-memory.ts'
import type { Artifact } from '../domain/packaging/artifact.ts'
import type { ProjectName } from '../domain/packaging/name.ts'
import type { Asker } from '../flow/asker.ts'
import { createLimit } from '../flow/limit.ts'
import type { Events } from '../observe/events.ts'
import type { BucketState, Leases } from '../ports/among-gates.ts'
import type { Blobs } from '../ports/blobs.ts'
import type { Memory } from '../ports/memory.ts'
import type { Index, Integrity, Origin } from '../ports/outward.ts'
import type { Store } from '../ports/store.ts'
import type { Trust, Verifier } from '../ports/trust.ts'
import { createDocuments } from './files/documents.ts'
import { createMetadata, type MetadataMode } from './files/metadata.ts'
import { createMismatches } from './files/mismatches.ts'
import { createOpenMetadata } from './files/open-metadata.ts'
import { createSettle } from './files/settle.ts'
import { createVault } from './files/vault.ts'
import { createWheelMetadata } from './files/wheel-metadata.ts'
import { createFindByDigest } from './find/by-digest.ts'
import { createIndexes } from './find/indexes.ts'
import { createFileWith } from './find/is-file.ts'
import { createLocate } from './find/locate.ts'
import { createReleaseFiles } from './find/release-files.ts'
import { createSound } from './find/sound.ts'
import { createUnoffered } from './find/unoffered.ts'
import type { RunningGate } from './gate.ts'
import { createBackground } from './judge/background.ts'
import { besideMemory } from './judge/beside-memory.ts'
import { createClockGuard } from './judge/clock-guard.ts'
import { createExamine } from './judge/examine.ts'
import { createJudge } from './judge/judge.ts'
import { createPep740Watch } from './judge/pep740-watch.ts'
import { createProvenance } from './judge/provenance.ts'
import { createVouch } from './judge/vouch.ts'
import { createWeigh } from './judge/weigh.ts'
import { createAlternatives } from './pages/alternatives.ts'
import { createForesight } from './pages/foresight.ts'
import { createLegacy } from './pages/legacy.ts'
import { createLinks } from './pages/links.ts'
import type { ListingMode } from './pages/listing.ts'
import { createPages } from './pages/pages.ts'
import type { Policies } from './policy/policies.ts'
import { createReadiness } from './readiness.ts'
import { createExplained, toldWithin } from './records/explained.ts'
import { createWriteJournal } from './records/write-journal.ts'

/** Everything the gate is made of; the composition root fills it in. */
export interface GateParts {
  readonly index: Index
  readonly integrity: Integrity
  readonly origin: Origin
  readonly verifier: Verifier
  readonly trust: Trust
  readonly store: Omit<Store, 'memory'>
  /** of the source that the index is */
  readonly memory: Memory
  readonly blobs: Blobs
  /** among gates that share the memory; default: there is none other */
  readonly leases?: Leases | undefined
  /** of the bucket that several gates share; default: there is none */
  readonly bucket?: (() => BucketState) | undefined
  /** what of the audit log is not written yet; default: nothing */
  readonly unaudited?: (() => string | undefined) | undefined
  /** what webhooks were not told for long; absent where there are none */
  readonly webhooks?: (() => string | undefined) | undefined
  readonly policies: Policies
  readonly events: Events
  readonly clock: Clock
}

export interface GateSettings {
  /** the configuration has several sources */
  readonly isSourced?: boolean
  /** of this index, where there are several */
  readonly indexName?: string | undefined
  /** what the configuration calls it, for the journal */
  readonly name?: string | undefined
  /** before `/simple/` and the others, without a slash at its end; default: none */
  readonly indexPath?: string | undefined
  /** absolute, without a trailing slash; `undefined`: file URLs are relative */
  readonly publicUrl: string | undefined
  /** where the gate listens, for URLs that must be absolute without a public one */
  readonly listenUrl: () => string
  readonly mode: ListingMode
  readonly maxAge: Millis
  readonly maxStale: Millis
  readonly negativeTtl: Millis
  /** how long the store keeps what was told of refusals */
  readonly keep: Millis
  /** bytes */
  readonly spool: number
  /** bytes */
  readonly maxSize: number
  readonly metadata: MetadataMode
  readonly isInternal: (project: ProjectName) => boolean
  /** whether somebody owns the name, so that none of the other sources may hear of it; default: nobody owns any */
  readonly isOwned?: (project: ProjectName) => boolean
  readonly draining: () => boolean
  /** the same text without any secret of the configuration; default: as it is */
  readonly clean?: (text: string) => string
}

/** Of each, one client has so many that there is always a place for another one. */
const DOWNLOADS = {
  running: 16,
  each: 12,
  waiting: 256,
  what: 'downloads from the upstream',
  name: 'downloads',
} as const
const METADATA = { running: 24, each: 18, waiting: 256, what: 'downloads of metadata', name: 'metadata' } as const

/** Puts a gate together; nothing is decided here. */
export function createGate(parts: GateParts, settings: GateSettings): RunningGate {
  const { index, integrity, origin, verifier, trust, store, memory, blobs, policies, events } = parts
  const { publicUrl, listenUrl, mode, maxAge, maxStale, spool, maxSize, negativeTtl, isInternal, isOwned } = settings
  const guard = createClockGuard(parts.clock, store.watermark, events)
  const clock = guard.read
  const now = guard.now
  recallRefresh(parts)
  const watch = createPep740Watch(events, integrity)
  const documents = createDocuments(blobs)
  const mismatches = createMismatches(events, clock)
  const wheelMetadata = createWheelMetadata({
    events,
    remember: (artifact, finding) => examine.rememberMetadata(artifact, finding),
  })
  const downloads = { origin, wheelMetadata, mismatches }
  const settle = createSettle({ memory, clock })
  const vault = createVault({ ...downloads, limit: createLimit(DOWNLOADS), blobs, spool, maxSize, settle })
  const customRoots = () => policies.current().roots
  const examining = { integrity, verifier, trust, customRoots, negativeTtl, watch, now }
  const keepProvenance = (bytes: Uint8Array) => documents.keep(sha256Of(bytes), bytes)
  const examine = createExamine({ ...examining, memory, keepProvenance, leases: parts.leases })
  const unoffered = createUnoffered()
  const indexes = createIndexes({ index, memory, events, clock, maxAge, maxStale, isInternal, unoffered })
  const lookalike = (project: ProjectName) => index.lookalike?.(project)
  const sound = createSound({ indexes, memory, policies, maxSize, isInternal, isOwned, lookalike, clock })
  const locate = createLocate({ indexes, sound, memory, policies, isInternal, isOwned })
  const weigh = createWeigh({ examine, memory, policies, trust, now, at: now })
  // what is looked at for advice alone
  const aside = besideMemory(memory)
  const beside = createWeigh({
    examine: createExamine({ ...examining, memory: aside, keepProvenance: async () => {} }),
    memory: aside,
    policies,
    trust,
    now,
    at: now,
  })
  const judge = createJudge({ clock: guard, weigh, beside, memory, policies, watch })
  const findByDigest = createFindByDigest({ locate, memory })
  const vouch = createVouch({ judge: judgeAndSettle, weigh, trustDigest: () => trust.digest(), now })
  // the document itself is wanted, which another gate may have and this one not
  const byItself = parts.leases === undefined ? examine : createExamine({ ...examining, memory, keepProvenance })
  const provenance = createProvenance({ examine: byItself, memory, kept: documents.kept, now })
  const explained = createExplained({
    refusals: store.refusals,
    clock,
    keep: settings.keep,
    index: settings.indexName,
  })
  const background = createBackground(cause => events.emit(unjudged(cause)))
  const foresight = createForesight({
    sound,
    weigh,
    judge,
    policies,
    background,
    lasts: millis(Math.min(negativeTtl, toldWithin(settings.keep))),
    edition: explained.edition,
    clock,
  })
  const fileWith = createFileWith({ indexes, memory })
  const linksFor = (relativeTo: 'page' | 'absolute') =>
    createLinks({ publicUrl, listenUrl, path: settings.indexPath ?? '', relativeTo, keep: explained.keepSoon })
  const pages = createPages({ indexes, memory, foresight, links: linksFor('page'), mode })
  const alternatives = createAlternatives({
    indexes,
    memory: aside,
    policies,
    sound,
    weigh: beside,
    negativeTtl,
    clock,
  })

  const metadata = createMetadata({
    ...downloads,
    limit: createLimit(METADATA),
    vault,
    documents,
    events,
    mode: settings.metadata,
    fileWith,
    withhold: unoffered.add,
  })

  async function judgeAndSettle(artifact: Artifact, asker?: Asker): Promise<Verdict> {
    const verdict = await judge.judge(artifact, asker)
    // who was to sign it has signed these bytes: nobody may say later that they are others
    if (Admitted.is(verdict) && verdict.facts.restsOnAttestation) await settle(artifact)
    return verdict
  }

  return {
    page: pages.page,
    atHand: { page: pages.atHand, locate: locate.atHand, judge: judge.atHand },
    legacy: createLegacy({
      index,
      indexes,
      memory,
      foresight,
      links: linksFor('absolute'),
      mode,
      claims: settings.metadata === 'verified' ? 'null' : 'as listed',
      maxAge,
      clock,
    }),
    locate: locate.byPath,
    locateByName: locate.byName,
    judge: async (artifact, asker) => alternatives.tell(await judgeAndSettle(artifact, asker)),
    vouch: async (sha256, filename, asker) => await vouch(await findByDigest(sha256, filename, asker), asker),
    open: vault.open,
    describe: vault.describe,
    metadata: metadata.read,
    openMetadata: createOpenMetadata({ metadata, documents }),
    async provenance(project, filename, asker) {
      const artifact = await locate.byName(project, filename, asker)
      if ('kind' in artifact) throw new GateError('no-provenance', `no provenance for ${filename.text}`)
      return await provenance(artifact, asker)
    },
    keep: explained.keep,
    passing: alternatives.passing,
    async explained(id) {
      const kept = await explained.get(id)
      return kept && { ...kept, refused: renewedRefusal(kept.refused, clock(), policies.current().exemptionMax) }
    },
    ...createWriteJournal({
      journal: store.journal,
      events,
      explained,
      clock,
      trustDigest: () => trust.digest(),
      index: settings.name,
      isSourced: settings.isSourced,
      clean: settings.clean ?? (text => text),
    }),
    readiness: createReadiness({
      policies,
      trust,
      store,
      clock: guard,
      watch,
      bucket: parts.bucket,
      unaudited: parts.unaudited,
      webhooks: parts.webhooks,
      draining: settings.draining,
    }),
    policy: () => policies.current(),
    listed: ({ project, path }) => indexes.atHand(project)?.byPath.get(path),
    release: createReleaseFiles({ indexes, sound }),
    seen: async project => seenFiles(await memory.of(project)),
    settled: background.idle,
    close() {
      background.close()
      explained.close()
    },
  }
}

function unjudged(cause: unknown): Parameters<Events['emit']>[0] {
  const detail = 'a file of a listing could not be judged'
  return { type: 'unknown', code: 'unknown-bug', detail, route: 'background', untrusted: undefined, cause, id: '' }
}

/** The store raises its watermark with all that it records; one that was begun anew still learns when TUF last answered. */
function recallRefresh({ trust, store, clock }: GateParts): void {
  const { source, refreshed } = trust.status(clock())
  if (source === 'tuf' && refreshed !== undefined) store.watermark.raise(refreshed)
}
