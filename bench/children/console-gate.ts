/**
 * Usage: console-gate.ts CONFIG PEOPLE — a gate in this process, with its ledger. Prints where it listens when the ledger goes back all the way. At SIGUSR2 that many
 * people begin to click, each about once a second, and at the next they stop; at the end it says on stderr how often they did.
 */
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startApp } from '../../src/compose/app.ts'
import { openLedger } from '../../src/compose/console/open-ledger.ts'
import { loadConfig } from '../../src/config/load.ts'
import { instant } from '../../src/domain/base/instant.ts'

const [, , file = '', count = '200'] = process.argv
const DAY = 86_400_000
const { config } = loadConfig({ flags: {}, file, environment: {}, folder: dirname(file) })
const app = await startApp(config, { version: 'bench', environment: {}, readers: [] })
const ledger = openLedger(config)
while ((await ledger.coverage()).since !== undefined) await delay(200)

const page = { limit: 50 }
const CLICKS = [
  async (who: number) => await ledger.journal({ project: `project-${who * 7}` }, page),
  async (who: number) => await ledger.refusals({ subject: `token:team-${who % 100}` }, page),
  async () => await ledger.refusals({}, page),
  async (who: number) => await ledger.downloads({ project: `project-${who}` }, page),
  async () => await ledger.overTime({ since: instant(Date.now() - 30 * DAY), until: instant(Date.now()) }),
  async () => await ledger.top(instant(Date.now() - 30 * DAY), 10),
  async (who: number) => await ledger.projects({ text: `-${who}` }, page),
]
let people = 0
let clicks = 0
let refused = 0

async function clickOn(who: number): Promise<void> {
  await delay(Math.random() * 1_000)
  for (let click = who; who < people; click += 1) {
    try {
      await CLICKS[click % CLICKS.length]?.(who)
      clicks += 1
    } catch {
      refused += 1
    }
    await delay(500 + Math.random() * 1_000)
  }
}

process.on('SIGUSR2', () => {
  people = people === 0 ? Number(count) : 0
  for (let who = 0; who < people; who += 1) void clickOn(who)
})
process.on('SIGTERM', () => {
  process.stderr.write(`${clicks} clicks were answered, ${refused} were told to come again\n`)
  void ledger
    .close()
    .then(async () => await app.close())
    .then(() => process.exit())
})
process.stdout.write(`${JSON.stringify({ url: app.url })}\n`)
