import type { Config } from '../../config/schema.ts'
import { type IndexSettings, indexesOf } from '../../config/sources.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { Clock } from '../../domain/base/instant.ts'
import { createLimit } from '../../flow/limit.ts'
import { projectNow } from '../../gate/records/project-now.ts'
import { documentsAt } from '../../gate/requests/approvals.ts'
import type { Looks } from '../../gate/requests/look.ts'
import { isRevoked } from '../../gate/revoked/revoked-rows.ts'
import type { PageData, ShownIndex } from '../../http/console/pages/data.ts'
import type { Recent } from '../../observe/readers/recent.ts'
import type { AuditRecords } from '../../ports/console/audit-log.ts'
import type { Ledger } from '../../ports/console/ledger.ts'
import type { Requests } from '../../ports/console/requests.ts'
import type { Records } from '../../ports/records.ts'
import type { Store } from '../../ports/store.ts'
import type { Trust } from '../../ports/trust.ts'
import { recordsOf } from '../commands.ts'
import { recordedIndex } from '../indexes.ts'
import type { GatedIndex } from '../served-indexes.ts'
import { type IndexPolicies, policiesFor } from '../sound-start.ts'
import { shownGates } from './shown-gates.ts'
import { tryPolicy } from './try-policy.ts'

/** rows of the journal that are looked at for what was said of a project's files last; no page of a list has more */
const LATEST = 500

/** What a gate has that its pages show. */
export interface PageParts {
  readonly ledger: Ledger
  readonly audit: Pick<AuditRecords, 'rows'>
  readonly indexes: readonly GatedIndex[]
  readonly policies: readonly IndexPolicies[]
  readonly trust: Trust
  readonly store: Pick<Store, 'shared'>
  readonly recent: Recent
  readonly looks: Pick<Looks, 'list'>
  readonly requests: Pick<Requests, 'inForce'>
  readonly clock: Clock
}

/** What the console's pages show; the journal and what is remembered are read on connections of their own, opened when somebody looks. */
export function openPageData(
  config: Config,
  { ledger, audit, indexes, policies, trust, store: { shared }, recent, looks, requests, clock }: PageParts,
): { readonly data: PageData; close(): Promise<void> } {
  const opened: Promise<Records | undefined>[] = []
  // one at a time: who asks for more waits, and is told when it takes too long
  const looking = createLimit({ running: 1, waiting: 4, what: 'policies that are tried' })

  function show(settings: IndexSettings): ShownIndex {
    const gated = indexes.find(({ served }) => served.index === settings.name)
    if (gated === undefined) throw new TypeError('an index that is configured is served')
    const base = policiesFor(policies, settings)
    let reading: Promise<Records | undefined> | undefined
    async function records(): Promise<Records> {
      reading ??= openOnce(config, settings, opened)
      const found = await reading.catch((error: unknown) => {
        reading = undefined
        throw error
      })
      if (found !== undefined) return found
      reading = undefined
      throw new GateError('unknown-store', 'nothing was written down yet')
    }
    return {
      name: settings.name,
      policy: () => gated.policies.current(),
      keptBack: () => base.lastError(),
      async project(name, page) {
        const { rows } = await ledger.journal({ project: name }, { limit: LATEST })
        const codes = new Map([...rows].reverse().map(({ sha256, code }) => [sha256, code]))
        const asked = { name, policy: gated.policies.current(), now: clock(), ...page }
        return await projectNow(await records(), { ...asked, said: sha256 => codes.get(sha256) })
      },
      isRevoked: async (file, by) => await isRevoked(file, by, await records()),
      whatIf: async (files, pins, asker) =>
        await looking.run(async () => {
          const now = clock()
          const approved = documentsAt(settings.name, await requests.inForce(now))
          return await tryPolicy({ config, index: settings.name, texts: base.texts(), approved, files, pins, now })
        }, asker),
    }
  }

  const [first, ...others] = indexesOf(config).map(show)
  if (first === undefined) throw new TypeError('a configuration has an index')
  return {
    data: {
      ledger,
      audit,
      indexes: [first, ...others],
      clock,
      trust: () => trust.status(clock()),
      gates: () => shownGates(shared),
      openRequests: async most => (await looks.list({ state: 'open' }, { limit: most })).length,
      inForceSince: digest => recent.inForceSince(digest),
      began: recent.began,
      alarms: () => recent.alarms(),
      unknowns: () => recent.unknowns(),
    },
    async close() {
      for (const records of await Promise.allSettled(opened))
        if (records.status === 'fulfilled') await records.value?.close()
    },
  }
}

function openOnce(
  config: Config,
  settings: IndexSettings,
  opened: Promise<Records | undefined>[],
): Promise<Records | undefined> {
  const reading = recordsOf(config, recordedIndex(config, settings))
  opened.push(reading)
  return reading
}
