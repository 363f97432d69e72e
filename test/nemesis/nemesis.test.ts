import t from 'tap'
import { listOf, percent, quantile } from './figures.ts'
import { chosen, MISCHIEF, type Outcome, runNemesis } from './run.ts'
import { readSettings } from './settings.ts'

/**
 * Real processes, an upstream and clients that misbehave at random, deaths and full disks, and a checker over every byte that
 * was served and every row of the journal: `npm run test:nemesis -- --minutes 5 --seed 7`.
 */
const settings = readSettings(process.argv.slice(2))
t.setTimeout((settings.minutes + 5) * 60_000)

// clients have loopback addresses of their own, and what the gate takes is read in /proc
const isMeant = settings.only.length === 0 || settings.only.some(name => MISCHIEF.some(each => each.name === name))
const skip = process.platform !== 'linux' ? 'it needs Linux' : isMeant ? false : 'no behaviour of it was asked for'

t.test(`nemesis with seed ${settings.seed}`, { skip }, async t => {
  const began = performance.now()
  const tell = (text: string): void => t.comment(`${((performance.now() - began) / 1000).toFixed(1)} s ${text}`)
  tell(`${settings.minutes} min of ${chosen(settings).length} behaviours, seed ${settings.seed}`)
  const outcome = await runNemesis(t, settings, tell)
  const { violations, found, deaths, missing, leaks, statuses, honest } = outcome
  t.strictSame(violations, [], 'nothing was served, refused or logged that must not be')
  t.strictSame(
    found.wrong,
    [],
    `${found.owed} verdicts are owed, ${found.rows} rows are there, and none is lost or wrong`,
  )
  t.strictSame(deaths, [], 'the gate died and ended only when it was made to')
  t.strictSame(missing, [], 'when all is well again, everything that is admitted is served and nothing else')
  t.equal(leaks, 0, 'an internal name was never asked for outside')
  t.equal(statuses.get(500) ?? 0, 0, 'no answer was 500')
  t.ok(honest.got > 0, `${honest.got} honest wishes were met`)
  if (settings.healed) t.strictSame(outcome.scarred, [], 'what was lied about is whole again')
  for (const line of figuresOf(outcome, settings.seed)) t.comment(line)
})

function figuresOf(outcome: Outcome, seed: number): readonly string[] {
  const { found, honest, liedAbout, healed, scarred, violations, deaths, statuses, healthWaits } = outcome
  return [
    `behaviours: ${listOf(outcome.done)}`,
    `answers: ${listOf(statuses)}`,
    `codes: ${listOf(outcome.codes)}`,
    `alarms: ${listOf(outcome.alarms)}`,
    `failures of the honest: ${listOf(honest.failures)}`,
    `failures where lies are told: ${listOf(liedAbout.failures)}`,
    `where lies are told: ${percent(liedAbout.answered, liedAbout.asked)} at once, ${percent(liedAbout.got, liedAbout.wanted)} in five tries; whole again: ${healed.length} of ${healed.length + scarred.length}`,
    ...scarred.map(what => `not whole: ${what}`),
    [
      `nemesis: seed ${seed}`,
      `${outcome.answers} answers, ${Math.round(outcome.bytes / 1e6)} MB looked at`,
      `${violations.length} wrong`,
      `${found.lost} lost of ${found.owed} rows (${outcome.forgiven} too short before a death)`,
      `${statuses.get(500) ?? 0} × 500`,
      `${deaths.length} deaths in ${outcome.lives} lives`,
      `honest clients: ${percent(honest.answered, honest.asked)} at once, ${percent(honest.got, honest.wanted)} in five tries, p50 ${quantile(honest.waits, 0.5)} p99 ${quantile(honest.waits, 0.99)} ms`,
      `healthz p99 ${quantile(healthWaits, 0.99)} ms, longest ${quantile(healthWaits, 1)} ms`,
      `peak ${Math.round(outcome.peakBytes / 1024 / 1024)} MiB`,
      ...(outcome.disk === 'none' ? ['no disk could be mounted, so none was full'] : []),
    ].join('; '),
  ]
}
