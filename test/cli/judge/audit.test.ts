import { join } from 'node:path'
import t from 'tap'
import { desk } from '../../world/commands/desk.ts'
import { uvLock } from '../../world/commands/locks.ts'

const MALLORY = { kind: 'github', repository: 'mallory/demo', workflow: 'release.yml' } as const

t.test('audit tells each refusal at its line, in every format', async t => {
  const desk_ = await desk(t)
  const { world } = desk_
  const good = await world.release('demo', '1.0')
  const stranger = await world.release('demo', '2.0', { identity: MALLORY })
  const gone = await world.release('gone', '1.0', { kinds: ['wheel'] })
  world.writePolicy()
  world.upstream.remove('gone')
  const files = [...good.files, ...stranger.files, ...gone.files]
  const lock = desk_.write('uv.lock', uvLock(files))
  const text = await desk_.run('audit', lock)
  t.match(text, {
    exit: 1,
    out: /demo 2\.0 {2}\S*uv\.lock:10\n {2}✗ 2 files: publisher-mismatch(?:.|\n)*✗ gone-1\.0-py3-none-any\.whl: not-listed(?:.|\n)*refused {5}2\n *2 {2}publisher-mismatch\n {2}not listed {2}1 /,
  })

  const json = JSON.parse((await desk_.run('audit', lock, '--format', 'json')).out)
  t.match(json.summary, {
    files: 5,
    attested: 4,
    admitted: 2,
    notListed: 1,
    refused: [{ code: 'publisher-mismatch', files: 2 }],
  })
  t.match(json.files[2], { lock, line: 10, filename: 'demo-2.0-py3-none-any.whl', outcome: 'refused' })

  const sarif = JSON.parse((await desk_.run('audit', lock, '--format', 'sarif')).out)
  t.equal(sarif.version, '2.1.0')
  const [run] = sarif.runs
  t.equal(run.results.length, 3)
  t.match(run.results[0], {
    ruleId: 'publisher-mismatch',
    level: 'error',
    locations: [{ physicalLocation: { region: { startLine: 10 } } }],
    partialFingerprints: { 'portcullis/v1': /^[0-9a-f]{64}$/ },
  })
  for (const { ruleId } of run.results)
    t.ok(
      run.tool.driver.rules.some(({ id }: { readonly id: string }) => id === ruleId),
      `${ruleId} is explained`,
    )
  t.equal(
    (await desk_.run('audit', lock, '--format', 'sarif')).out,
    `${JSON.stringify(sarif, undefined, 2)}\n`,
    'the same again',
  )

  const junit = (await desk_.run('audit', lock, '--format', 'junit')).out
  t.match(junit, /<testsuite name="[^"]*uv\.lock" tests="5" failures="3" errors="0">/)
  t.match(
    junit,
    /<testcase classname="demo\.2\.0" name="demo-2\.0-py3-none-any\.whl" line="10"><failure type="publisher-mismatch" message="Signed by &quot;/,
  )
})

t.test('that builds were not looked at is said where a client would build, and only there', async t => {
  const desk_ = await desk(t)
  const { world } = desk_
  const both = await world.release('both', '1.0')
  const source = await world.release('source', '1.0', { kinds: ['sdist'] })
  world.writePolicy()
  const lock = desk_.write('uv.lock', uvLock([...both.files, ...source.files]))
  const said =
    /! 1 release would be built from source \(source 1\.0\): what builds need was not looked at; portcullis policy update --check does/
  const oneLine = (text: string) => text.replace(/\s+/g, ' ')
  const text = await desk_.run('audit', lock)
  t.equal(text.exit, 0)
  t.match(oneLine(text.out), said)
  t.match(oneLine((await desk_.run('audit', lock, '--format', 'json')).err), said, 'beside what a program reads')
  t.match(oneLine((await desk_.run('audit', lock, '--python', '3.12')).out), said)
  const wheels = desk_.write('uv.lock', uvLock(both.files))
  t.notMatch((await desk_.run('audit', wheels)).out, 'built from source')
})

t.test('a policy in audit mode fails nothing, unless it is asked to', async t => {
  const desk_ = await desk(t)
  const { world } = desk_
  const { files } = await world.release('demo', '1.0', { attested: false })
  world.writePolicy(world.policyText().replace('mode: enforce', 'mode: audit'))
  const lock = desk_.write('uv.lock', uvLock(files))
  t.match(await desk_.run('audit', lock), { exit: 0, out: /watched {5}2 admitted only because/ })
  t.equal((await desk_.run('audit', lock, '--enforce')).exit, 1)
})

t.test('a lock that is none, or not there', async t => {
  const desk_ = await desk(t)
  t.match(await desk_.run('audit', join(desk_.world.folder, 'gone.lock')), {
    exit: 2,
    err: /does not exist/,
  })
  t.match(await desk_.run('audit', desk_.write('requirements.txt', 'demo>=1\n')), {
    exit: 2,
    err: /requirements\.txt:1: demo is not locked/,
  })
  t.match(await desk_.run('policy', 'init', desk_.write('requirements.txt', '# nothing\n')), {
    exit: 2,
    err: /allow no file/,
  })
})
