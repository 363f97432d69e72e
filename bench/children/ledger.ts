/**
 * Usage: ledger.ts FOLDER ROWS ROUNDS — fills the journal of a new data folder, brings the ledger up to date, and asks every list and sum of it. Prints
 * what that took, ms: `filled` and `built` in all, the methods each as its values in order, by the clock and of the processor.
 */
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { instant } from '../../src/domain/base/instant.ts'
import type { LedgerPage, LedgerRows } from '../../src/ports/console/ledger.ts'
import { openEngine } from '../../src/store/ledger/open-engine.ts'
import { openDatabase } from '../../src/store/sqlite/database.ts'
import { databaseIn } from '../../src/store/sqlite/schema.ts'
import { fillJournal } from '../../test/store/ledger/fill-journal.ts'

const [, , folder = '', count = '1000000', rounds = '20'] = process.argv
const DAY = 86_400_000
const rows = Number(count)
const now = Date.now()
const database = databaseIn(folder)

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const began = performance.now()
  await work()
  return performance.now() - began
}
/** ms of the processor: on a machine that others use, what a question takes by itself */
const worked = async (work: () => Promise<unknown>): Promise<readonly [clock: number, cpu: number]> => {
  const before = process.cpuUsage()
  const took = await timed(work)
  const { user, system } = process.cpuUsage(before)
  return [took, (user + system) / 1_000]
}

const filled = await timed(async () => {
  if (existsSync(database)) return
  mkdirSync(folder, { recursive: true })
  const open = { file: database, events: { emit() {} }, clock: () => instant(now) }
  const journal = await openDatabase(open, its => its)
  journal.pragma('synchronous = off')
  fillJournal(journal, { rows, until: now - DAY / 24 })
  journal.close()
})

const file = join(folder, 'ledger.sqlite')
const engine = await openEngine({ journal: { sqlite: database }, file })
const cpu = process.cpuUsage()
const built = await timed(async () => {
  await engine.coverage()
  while (await engine.step());
})
const { user, system } = process.cpuUsage(cpu)

const last: Record<string, string | undefined> = {}
/** The next page each time. */
const paged =
  (name: string, list: (page: LedgerPage) => Promise<LedgerRows<unknown>>): (() => Promise<unknown>) =>
  async () => {
    const { next } = await list({ limit: 50, cursor: last[name] })
    last[name] = next
  }
const since = instant(now - 30 * DAY)
const QUESTIONS: Readonly<Record<string, (round: number) => Promise<unknown>>> = {
  journal: paged('journal', async page => await engine.journal({}, page)),
  'journal by project': async round => await engine.journal({ project: `project-${round * 190}` }, { limit: 50 }),
  'journal by sha256': async round => {
    const sha256 = (1 + round * 4_000).toString(16).padStart(8, '0').repeat(8)
    return await engine.journal({ sha256 }, { limit: 50 })
  },
  'journal by what no row has': async round =>
    await engine.journal({ project: `project-${round * 4}`, outcome: 'admitted', code: 'refusal-1' }, { limit: 50 }),
  'journal by subject and code': paged(
    'subject',
    async page => await engine.journal({ subject: 'token:team-90', code: 'refusal-3', index: 'index-1' }, page),
  ),
  'journal by identity': async round => await engine.journal({ identity: `team-${round}/` }, { limit: 50 }),
  'journal of a day long ago': async round => {
    const from = now - (390 - round) * DAY
    return await engine.journal({ since: instant(from), until: instant(from + DAY), outcome: 'refused' }, { limit: 50 })
  },
  refusals: paged('refusals', async page => await engine.refusals({}, page)),
  'refusals of a month': async () => await engine.refusals({ since }, { limit: 50 }),
  'refusals by subject': async round => await engine.refusals({ subject: `token:team-${round}` }, { limit: 50 }),
  wouldRefuse: paged('wouldRefuse', async page => await engine.wouldRefuse({}, page)),
  projects: paged('projects', async page => await engine.projects({}, page)),
  'projects by text': async round => await engine.projects({ text: `-${round}9` }, { limit: 50 }),
  downloads: paged('downloads', async page => await engine.downloads({}, page)),
  'downloads by project': async round => await engine.downloads({ project: `project-${round}` }, { limit: 50 }),
  'downloads by subject': async round => await engine.downloads({ subject: `token:team-${round}` }, { limit: 50 }),
  'downloads of a month long ago': async round => {
    const from = now - (300 - round) * DAY
    return await engine.downloads({ since: instant(from), until: instant(from + 30 * DAY) }, { limit: 50 })
  },
  'downloads, 500 a page': paged('500', async ({ cursor }) => await engine.downloads({}, { limit: 500, cursor })),
  'overTime of three days': async () => await engine.overTime({ since: instant(now - 3 * DAY), until: instant(now) }),
  'overTime of a year': async () => await engine.overTime({ since: instant(now - 365 * DAY), until: instant(now) }),
  'top of a month': async () => await engine.top(since, 10),
  'top of everything': async () => await engine.top(instant(0), 10),
}
const questions: Record<string, (readonly [clock: number, cpu: number])[]> = {}
for (const [name, ask] of Object.entries(QUESTIONS)) {
  questions[name] = []
  for (let round = 0; round < Number(rounds); round += 1)
    questions[name].push(await worked(async () => await ask(round)))
}
await engine.close()
const bytes = { journal: statSync(database).size, ledger: statSync(file).size }
const memory = process.memoryUsage().rss
process.stdout.write(`${JSON.stringify({ filled, built, cpu: (user + system) / 1_000, bytes, memory, questions })}\n`)
