import t from 'tap'
import { NO_POSTGRES } from '../../world/engines/postgres.ts'
import { listOf, percent, quantile } from '../figures.ts'
import { readSettings } from '../settings.ts'
import { type FleetOutcome, OF_A_FLEET, runFleet } from './fleet.ts'

/**
 * Three gates as one, as processes behind a balancer: a PostgreSQL and an object store that restart, fail, hang and go, lines
 * that are cut, gates that are killed, and a checker over every byte that was served and every row of the merged journal.
 */
const settings = readSettings(process.argv.slice(2))
t.setTimeout((settings.minutes + 6) * 60_000)

const { only } = settings
const isMeant = only.length === 0 || only.some(name => OF_A_FLEET.some(each => each.name === name))
// clients have loopback addresses of their own
const skip =
  process.platform !== 'linux' ? 'it needs Linux' : isMeant ? NO_POSTGRES : 'no behaviour of it was asked for'

t.test(`three gates as one with seed ${settings.seed}`, { skip }, async t => {
  const began = performance.now()
  const tell = (text: string): void => t.comment(`${((performance.now() - began) / 1000).toFixed(1)} s ${text}`)
  const outcome = await runFleet(t, settings, tell)
  const { violations, found, strange, missing, deaths, leaks, statuses, honest, installs, bucket } = outcome
  t.strictSame(violations, [], 'nothing was served, refused or logged that must not be')
  t.strictSame(
    found.wrong,
    [],
    `${found.owed} verdicts are owed; none is lost, and none is one that all together forbid`,
  )
  t.strictSame(strange, [], 'folders and bucket hold what is admitted, and nothing waits')
  t.strictSame(deaths, [], 'the gates died and ended only when they were made to')
  t.strictSame(missing, [], 'when all is well again, each gate serves everything that is admitted and nothing else')
  t.equal(leaks, 0, 'an internal name was never asked for outside')
  t.equal(statuses.get(500) ?? 0, 0, 'no answer was 500')
  t.equal(outcome.unplaced, 0, 'of every answer it is known whose it was')
  t.ok(honest.got > 0, `${honest.got} honest wishes were met`)
  t.strictSame(
    installs.strange,
    [],
    `${installs.installed} of ${installs.ran} installs by pip and uv, and the others failed as is said`,
  )
  if (typeof bucket === 'string') t.pass('an object store that fails, hangs and goes', { skip: bucket })
  for (const why of installs.missing) t.pass('installs of a client', { skip: why })
  for (const line of figuresOf(outcome)) t.comment(line)
})

function figuresOf(outcome: FleetOutcome): readonly string[] {
  const { found, honest, statuses, violations, deaths, installs, bucket } = outcome
  return [
    `behaviours: ${listOf(outcome.done)}`,
    `answers: ${listOf(statuses)}`,
    `codes: ${listOf(outcome.codes)}`,
    `alarms: ${listOf(outcome.alarms)}`,
    `failures of the honest: ${listOf(honest.failures)}`,
    [
      `fleet: seed ${settings.seed}`,
      `${outcome.answers} answers, ${Math.round(outcome.bytes / 1e6)} MB looked at`,
      `${violations.length} wrong`,
      `${found.lost} lost of ${found.owed} rows (${outcome.forgiven} too short before a death)`,
      `${statuses.get(500) ?? 0} × 500`,
      `${deaths.length} deaths in ${outcome.lives} lives`,
      `honest clients: ${percent(honest.answered, honest.asked)} at once, ${percent(honest.got, honest.wanted)} in five tries, p50 ${quantile(honest.waits, 0.5)} p99 ${quantile(honest.waits, 0.99)} ms`,
      `installs ${installs.installed} of ${installs.ran}`,
      typeof bucket === 'string' ? 'no bucket' : `${bucket} objects`,
      `peak ${outcome.peakBytes.map(bytes => Math.round(bytes / 1024 / 1024)).join(', ')} MiB`,
    ].join('; '),
  ]
}
