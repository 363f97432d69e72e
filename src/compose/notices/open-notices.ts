import type { Environment } from '../../config/read-environment.ts'
import type { Config } from '../../config/schema.ts'
import { indexNamed } from '../../config/sources.ts'
import type { Clock } from '../../domain/base/instant.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import type { Revoking } from '../../gate/notices/revoked.ts'
import type { ToldHooks } from '../../gate/notices/told.ts'
import type { Events } from '../../observe/events.ts'
import type { LateReader } from '../../observe/readers/late-reader.ts'
import type { NoticeQueue } from '../../ports/console/notices.ts'
import type { Trust } from '../../ports/trust.ts'
import { recordsOf } from '../commands.ts'
import { recordedIndex } from '../indexes.ts'
import { openHooks } from './hooks.ts'

interface Parts {
  readonly queue: () => Promise<NoticeQueue>
  readonly policies: () => readonly Policy[]
  /** digests of those that are made of files of this digest */
  readonly inForceOver: (digest: string) => readonly string[]
  /** what each index revokes, by what the configuration calls it */
  readonly revoking: () => readonly Revoking[]
  readonly trust: Pick<Trust, 'status'>
  readonly events: Events
  /** what happens is heard by it, from before there was a store */
  readonly reader: LateReader
  readonly clock: Clock
  readonly version: string
  readonly environment: Environment
  /** as bound; empty before */
  readonly listenUrl: () => string
}

/** Who is told by webhooks; `undefined` where the configuration names nobody. Nothing of it is loaded then. */
export async function openNotices(config: Config, parts: Parts): Promise<ToldHooks | undefined> {
  if (config.notify.length === 0) return undefined
  const { trust, events, reader, clock, listenUrl, policies, inForceOver } = parts
  const [{ createToldHooks }, hooks, queue] = await Promise.all([
    import('../../gate/notices/told.ts'),
    openHooks(config, parts),
    parts.queue(),
  ])
  const source = (): string => config.publicUrl ?? (listenUrl() || 'urn:portcullis:gate')
  const told = createToldHooks({
    queue,
    hooks,
    clock,
    events,
    policies,
    inForceOver,
    revoking: { all: parts.revoking, count: async revoking => await countIn(config, revoking) },
    trust: () => trust.status(clock()),
    maxAge: config.trust.maxAge,
    source,
    explainUrl: id => (/^https?:/.test(source()) ? `${source()}/x/${id}` : undefined),
  })
  reader.hand(told)
  told.begin()
  return told
}

async function countIn(config: Config, revoking: Revoking) {
  const { countRevoked } = await import('../../gate/notices/revoked.ts')
  const records = await recordsOf(config, recordedIndex(config, indexNamed(config, revoking.index)))
  try {
    return records === undefined ? [] : await countRevoked(records, revoking.revocations)
  } finally {
    await records?.close()
  }
}
