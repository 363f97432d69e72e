// guards: src/observe/log-sink.ts src/observe/log-text.ts
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createLog } from '../../src/observe/log.ts'
import { ALL, lines, policy, request, verdict, written } from './every-event.ts'

t.test('the access log is on by default, and probes are in it only while they fail', t => {
  const info = lines(
    [
      request(),
      request({ route: 'healthz' }),
      request({ route: 'metrics' }),
      request({ route: 'readyz', status: 503 }),
    ],
    { level: 'info' },
  )
  t.match(info, [
    { msg: 'request', route: 'page', status: 200, ms: 1.235, untrusted: { url: '/simple/demo/' } },
    { route: 'readyz', status: 503 },
  ])
  t.equal(info.length, 2)
  t.end()
})

t.test('at `warn` only what needs somebody is written', t => {
  const told = lines([...ALL, policy('rejected')], { level: 'warn' })
  t.strictSame(
    told.map(({ level }) => level),
    ['warn', 'warn', 'warn', 'error', 'warn', 'warn', 'warn', 'warn', 'warn', 'error'],
  )
  t.end()
})

t.test('the format for people is one compact line, coloured only when asked', t => {
  const plain = written([verdict()], { format: 'text', colours: 'plain' })
  t.match(plain, /^\d\d:\d\d:\d\d\.\d{3} info {2}refused code=unattested project=demo .*rule="projects\[0\] demo"/)
  t.match(written([policy('rejected')], { format: 'text' }), /\n {4}p\.yaml:1:1 a\n {4}p\.yaml:2:1 b\n$/)
  t.notMatch(written(ALL, { format: 'text' }), '\u001b', 'a destination that is no terminal')
  t.match(written([verdict()], { format: 'text', colours: 'colours' }), '\u001b[32minfo')
  t.end()
})

t.test('lines are gathered, and all of them are on disk after a flush', async t => {
  const path = join(t.testdir({}), 'log')
  const file = openSync(path, 'w')
  t.teardown(() => closeSync(file))
  const log = createLog({ level: 'info', format: 'json', destination: file })
  log.emit(request())
  t.equal(readFileSync(path, 'utf8'), '', 'a request does not cost a write')
  for (let count = 1; count < 500; count += 1) log.emit(request())
  log.flush()
  const written = () => readFileSync(path, 'utf8').split('\n').length
  // those that were on their way before are the system's to write
  for (let looks = 0; written() < 501 && looks < 1_000; looks += 1)
    await new Promise(resolve => setTimeout(resolve, 10))
  t.equal(written(), 501)
})

t.test('a destination that takes nothing more is given up, line by line', { skip: noFullDisk() }, async t => {
  const file = openSync('/dev/full', 'w')
  t.teardown(() => closeSync(file))
  const log = createLog({ level: 'info', format: 'json', destination: file })
  for (let count = 0; count < 500; count += 1) log.emit(request())
  log.flush()
  log.emit(policy('rejected'))
  await new Promise(resolve => setTimeout(resolve, 50))
  log.flush()
  t.pass('and nobody waits for it')
})

function noFullDisk(): string | false {
  return existsSync('/dev/full') ? false : 'the system has no disk that is always full'
}
