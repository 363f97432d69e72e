import t from 'tap'
import { openCommandStore } from '../../src/store/open-command-store.ts'
import { findingIn, found, PKG } from './facts.ts'
import { INDEX, START } from './stores.ts'

t.test('what commands remember', async t => {
  const options = { clock: () => START, events: { emit() {} } }
  t.test('is there in the next run', async t => {
    const folder = t.testdir()
    const first = await openCommandStore({ folder, ...options })
    await (await first.memory(INDEX)).learn(PKG, { findings: [found()] })
    await first.close()
    const second = await openCommandStore({ folder, ...options })
    t.teardown(() => second.close())
    t.equal((await findingIn(await second.memory(INDEX)))?.finding.kind, 'attested')
  })
  t.test('ends with the run where another one works in the folder', async t => {
    const folder = t.testdir()
    const [first, second] = [
      await openCommandStore({ folder, ...options }),
      await openCommandStore({ folder, ...options }),
    ]
    await (await second.memory(INDEX)).learn(PKG, { findings: [found()] })
    t.equal((await findingIn(await second.memory(INDEX)))?.finding.kind, 'attested', 'it works all the same')
    await second.close()
    t.equal(await findingIn(await first.memory(INDEX)), undefined)
    await first.close()
    const third = await openCommandStore({ folder, ...options })
    t.teardown(() => third.close())
    t.equal(await findingIn(await third.memory(INDEX)), undefined)
  })
})
