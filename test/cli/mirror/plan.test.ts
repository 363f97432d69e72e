// guards: src/cli/mirror/fetch.ts src/cli/mirror/options.ts
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { requirementsLock, uvLock } from '../../world/commands/locks.ts'
import { createCrossing } from '../../world/mirror/crossing.ts'

t.setTimeout(900_000)

t.test('a plan', async t => {
  const crossing = await createCrossing(t)
  const { world } = crossing
  const demo = await world.release('demo', '1.0')
  const bare = await world.release('bare', '1.0', { attested: false })
  world.writePolicy()
  const lock = join(crossing.places.outside, 'uv.lock')
  const requirements = join(crossing.places.outside, 'requirements.txt')
  writeFileSync(lock, uvLock([...demo.files, ...bare.files]))
  writeFileSync(requirements, requirementsLock(demo.files))
  const out = join(crossing.places.outside, 'plan.json')
  const planned = () => JSON.parse(readFileSync(out, 'utf8'))

  await t.test('names each file once, whatever locks do, and what the policy says of it', async t => {
    const ended = await crossing.outside('mirror', 'plan', lock, requirements, '--out', out)
    t.equal(ended.exit, 1)
    t.strictSame(
      planned().files.map((file: Record<string, unknown>) => [file['filename'], file['outcome'], file['code']]),
      [
        ['bare-1.0-py3-none-any.whl', 'refused', 'unattested'],
        ['bare-1.0.tar.gz', 'refused', 'unattested'],
        ['demo-1.0-py3-none-any.whl', 'admitted', null],
        ['demo-1.0.tar.gz', 'admitted', null],
      ],
    )
    t.equal(planned().files[2].size, demo.wheel.bytes.length)
  })
  await t.test('is the same, byte for byte, for the same locks', async t => {
    const before = readFileSync(out, 'utf8')
    await crossing.outside('mirror', 'plan', lock, requirements, '--out', out)
    t.equal(readFileSync(out, 'utf8'), before)
  })
  await t.test('leaves out what the targets do not need', async t => {
    await crossing.outside('mirror', 'plan', lock, '--out', out, '--python', '3.11', '--platform', 'linux_x86_64')
    t.strictSame(
      planned().files.map((file: Record<string, unknown>) => file['filename']),
      ['bare-1.0-py3-none-any.whl', 'demo-1.0-py3-none-any.whl'],
    )
    writeFileSync(
      requirements,
      `demo==1.0 ; sys_platform == 'win32' --hash=sha256:${demo.wheel.sha256}\nbare==1.0 --hash=sha256:${bare.wheel.sha256}\n`,
    )
    const told = await crossing.outside('mirror', 'plan', requirements, '--out', out, '--platform', 'linux_x86_64')
    t.match(told.out, /\n– left out, by its marker for none of the targets: demo 1\.0\n/, 'and names it')
    t.strictSame(
      planned().files.map((file: Record<string, unknown>) => file['filename']),
      ['bare-1.0-py3-none-any.whl'],
    )
    const wrong = await crossing.outside('mirror', 'plan', lock, '--out', out, '--platform', 'amiga')
    t.equal(wrong.exit, 2)
  })
  await t.test('is fetched as far as the policy lets it', async t => {
    await crossing.outside('mirror', 'plan', lock, '--out', out)
    const refused = await crossing.outside('mirror', 'fetch', out)
    t.equal(refused.exit, 1)
    t.match(refused.out, /✗ bare-1\.0\.tar\.gz: unattested/)
    t.match(
      refused.out,
      /2 files.* held, .* of it fetched now\n {6}2 {2}refused: unattested\n {6}2 {2}admitted, attested\n/,
    )
    const allowed = await crossing.outside('mirror', 'fetch', out, '--allow-refused', 'unattested')
    t.equal(allowed.exit, 0)
    t.match(allowed.out, /held, 0 B of it fetched now/, 'and what is here is not fetched again')
    t.equal((await crossing.outside('mirror', 'fetch', out, '--allow-refused', 'nonsense')).exit, 2)
  })
  await t.test('goes by the sha256 that it has', async t => {
    const text = readFileSync(out, 'utf8').replace(demo.wheel.sha256, 'ab'.repeat(32))
    writeFileSync(out, text)
    const ended = await crossing.outside('mirror', 'fetch', out, '--allow-refused', 'unattested')
    t.equal(ended.exit, 1)
    t.match(ended.out, /not-listed\n {4}the index lists demo-1\.0-py3-none-any\.whl with the sha256/)
  })
  await t.test('that is none is refused with its place', async t => {
    for (const [text, said] of [
      ['', /is no plan/],
      ['{"format": "portcullis-plan/3"}', /format/],
      [JSON.stringify({ ...planned(), more: 1 }), /is no plan/],
      [JSON.stringify({ ...planned(), wanted: [{ project: '../x', filename: null }] }), /wanted\.0\.project/],
    ] as const) {
      writeFileSync(out, text)
      const ended = await crossing.outside('mirror', 'fetch', out)
      t.equal(ended.exit, 2)
      t.match(ended.err, said)
    }
    rmSync(out)
    t.equal((await crossing.outside('mirror', 'fetch', out)).exit, 2)
  })
})
