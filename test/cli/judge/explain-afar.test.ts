import t from 'tap'
import { openTwoWays, written } from '../command/two-ways.ts'

t.test('a gate from afar explains as commands beside it do', async t => {
  const { run, afar, wheel, refusedWheel, refusal } = await openTwoWays(t)
  await written(run)
  for (const argv of [
    ['explain', wheel.filename],
    ['explain', refusedWheel.filename, '--format', 'json'],
    ['explain', 'demo'],
    ['explain', 'demo==1.0', '--all'],
    ['explain', refusal],
  ]) {
    const [here, there] = [await run(argv), await run([...argv, ...afar])]
    t.equal(there.out, here.out, argv.join(' '))
    t.equal(there.exit, here.exit, `${argv.join(' ')}: ${there.err}`)
  }
})
