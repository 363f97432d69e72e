import { instant } from '../../domain/base/instant.ts'
import type { Ledger } from '../../ports/console/ledger.ts'
import { storeError } from '../failure/store-error.ts'
import { createCatchUp } from './catch-up.ts'
import type { LedgerFile } from './columns/ledger-file.ts'
import { numberAt } from './columns/segment.ts'
import { downloadSums } from './questions/downloads.ts'
import { refusalGroups } from './questions/groups.ts'
import { journalRows } from './questions/journal.ts'
import { overTime } from './questions/over-time.ts'
import { projectSums } from './questions/projects.ts'
import { topSums } from './questions/top.ts'
import type { Asked } from './questions/wanted.ts'
import type { JournalSource } from './sources/source.ts'

/** What an answer may take before it is cut short, ms. */
const ANSWERS_WITHIN = 150
/** What most who ask for the most frequent ask about, ms. */
const USUAL_PERIOD = 30 * 86_400_000
/** Before a sum is given up, ms. */
const SUMS_WITHIN = 10_000

interface Options {
  readonly source: JournalSource
  readonly file: LedgerFile
  /** ms */
  readonly clock?: () => number
  readonly elapsed?: () => number
  /** rows that are kept together */
  readonly segment?: number
}

/** The ledger, on the thread that calls it. */
export interface Engine extends Ledger {
  /** Brings one more piece of the journal into the file: some tenths of a second. False when there is none. */
  step(): Promise<boolean>
}

export function createEngine({ source, file, clock = Date.now, elapsed, segment }: Options): Engine {
  const catchUp = createCatchUp({ source, file, clock, elapsed, segment })

  async function asking<Answer>(question: (asked: Asked) => Promise<Answer>, within = ANSWERS_WITHIN): Promise<Answer> {
    try {
      const scene = await catchUp.look()
      return await question({ source, file, scene, deadline: performance.now() + within })
    } catch (error) {
      throw storeError('what was written down could not be read', error)
    }
  }

  return {
    journal: async (filter, page) => await asking(async asked => await journalRows(asked, filter, page)),
    refusals: async (filter, page) =>
      await asking(async asked => await refusalGroups(asked, 'refused', filter, page), SUMS_WITHIN),
    wouldRefuse: async (filter, page) =>
      await asking(async asked => await refusalGroups(asked, 'watched', filter, page), SUMS_WITHIN),
    projects: async (filter, page) => await asking(async asked => await projectSums(asked, filter, page)),
    downloads: async (filter, page) => await asking(async asked => await downloadSums(asked, filter, page)),
    overTime: async filter => await asking(async asked => overTime(asked, filter), SUMS_WITHIN),
    top: async (since, limit) => await asking(async asked => await topSums(asked, since, limit), SUMS_WITHIN),
    coverage: async () => await asking(async asked => ({ since: coveredSince(asked) })),
    async step() {
      try {
        const scene = await catchUp.look()
        if (await catchUp.step()) return true
        // so that whoever asks finds it put together
        const asked = { source, file, scene, deadline: performance.now() + SUMS_WITHIN }
        for (const kind of ['refused', 'watched'] as const) await refusalGroups(asked, kind, {}, { limit: 1 })
        await projectSums(asked, {}, { limit: 1 })
        await topSums(asked, instant(clock() - USUAL_PERIOD), 1)
        return false
      } catch (error) {
        throw storeError('what was written down could not be read', error)
      }
    },
    async close() {
      file.close()
      await source.close()
    },
  }
}

function coveredSince({ scene }: Asked): ReturnType<typeof instant> | undefined {
  const gap = scene.gaps.at(-1)
  if (gap === undefined) return undefined
  const next = scene.segments.find(({ first }) => first > gap[1])
  return next === undefined ? instant(Date.now()) : instant(numberAt(next.numbers('at'), 0))
}
