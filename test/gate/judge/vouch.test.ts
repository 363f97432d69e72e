import t from 'tap'
import { GateError } from '../../../src/domain/base/errors.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import { createVouch } from '../../../src/gate/judge/vouch.ts'

/** Looks that lead to no file: what is not there, and what cannot be told. */
function looking(...found: readonly (GateError | undefined)[]) {
  return found.map(each => async () => {
    if (each !== undefined) throw each
    return undefined
  })
}

t.test(
  'what cannot be told is told only where nothing is known to be admitted, and what is no answer at all, always',
  async t => {
    const never = (): never => {
      throw new Error('nothing is judged that is not there')
    }
    const vouch = createVouch({
      judge: never,
      weigh: { anyhow: never },
      trustDigest: () => undefined,
      now: () => instant(0),
    })
    const unknown = new GateError('unknown-upstream', 'away')
    t.equal(await vouch([]), undefined)
    t.equal(await vouch(looking(undefined, undefined)), undefined)
    await t.rejects(vouch(looking(undefined, unknown, new GateError('unknown-store', 'later'))), unknown)
    await t.rejects(vouch([never]), /nothing is judged/)
  },
)
