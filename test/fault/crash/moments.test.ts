import t from 'tap'
import { assertKept, nothing, promises } from './promises.ts'

t.setTimeout(900_000)

const ROUNDS = 10
/** files per process: more than it lives to store */
const ENDLESS = 100_000

t.test('a process that is killed at any moment loses nothing that it promised', async t => {
  const folder = t.testdir()
  const promised = nothing()
  for (let round = 0; round < ROUNDS; round += 1)
    await t.test(`round ${round}`, async t => {
      // the first line says that the store is open; then somewhere within the next file or two
      const after = round === 0 ? 0 : round % 5
      const delay = (round * 17) % 41
      await promises(
        { folder, round: `${round}`, count: ENDLESS },
        (child, lines) => {
          if (lines === after + 1) setTimeout(() => child.kill('SIGKILL'), delay)
        },
        promised,
      )
      await assertKept(t, folder, promised)
    })
  t.ok(promised.stored.size > ROUNDS, `${promised.stored.size} files and ${promised.noted.size} verdicts were promised`)
})
