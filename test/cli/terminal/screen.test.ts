import { stripVTControlCharacters } from 'node:util'
import t from 'tap'
import { desk, release } from '../../world/commands/desk.ts'

t.test('nothing that an upstream wrote reaches a terminal as a control sequence', async t => {
  const desk_ = await desk(t)
  const nasty = 'gone \u001b]0;owned\u0007\u001b[2J\u009b31m\u202e\u2028 now'
  const { sdist } = await release(desk_, 'demo', '1.0', { listed: { yanked: nasty } })
  desk_.world.writePolicy(
    desk_.world.policyText().replace('attestation: required', 'attestation: required\n  yanked: deny'),
  )
  for (const format of ['text', 'json'])
    for (const argv of [
      ['explain', sdist.filename],
      ['verify', 'demo==1.0'],
    ]) {
      const { out, err } = await desk_.run(...argv, '--format', format)
      t.match(out, 'owned', 'it is told')
      t.notMatch(out + err, /[^\n\x20-\x7e✓✗–’]/u, `${argv[0]} ${format}`)
    }
})

t.test('colours come only where they are wanted, and change no word', async t => {
  const desk_ = await desk(t)
  const { sdist } = await release(desk_, 'demo', '1.0', { attested: false })
  const plain = await desk_.run('explain', sdist.filename)
  const coloured = await desk_.with({ output: { colour: { out: true, err: true } } })('explain', sdist.filename)
  t.notMatch(plain.out, '\u001b')
  t.match(coloured.out, '\u001b[31m✗\u001b[39m')
  t.equal(stripVTControlCharacters(coloured.out), plain.out)
})

t.test('on a terminal prose is wrapped and progress is wiped before the result', async t => {
  const desk_ = await desk(t)
  const { sdist } = await release(desk_, 'demo', '1.0', { attested: false })
  const { out, err } = await desk_.with({ output: { columns: 60, progress: true } })('explain', sdist.filename)
  const prose = out.slice(out.indexOf('  why'), out.indexOf('  This would'))
  t.strictSame(
    prose.split('\n').filter(line => line.length > 60),
    [],
  )
  t.match(err, 'asking the index')
  t.ok(err.endsWith('\r\u001b[2K'))
})
