import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createScratch } from '../../../src/store/disk/scratch.ts'

function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-scratch-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function* pieces(...texts: readonly string[]) {
  for (const text of texts) yield Buffer.from(text)
}

t.test('a file without a name is read by position, and nothing of it stands in the folder', async t => {
  const folder = folderOf(t)
  const file = await createScratch(folder).write(pieces('hello ', 'world'))
  t.teardown(() => file.close())
  t.equal(file.size, 11)
  t.strictSame(readdirSync(folder), [])
  const buffer = Buffer.alloc(5)
  t.equal(await file.read(buffer, 6), 5)
  t.equal(buffer.toString(), 'world')
})

t.test('it is there until the last who has it closes it', async t => {
  const file = await createScratch(folderOf(t)).write(pieces('hello'))
  file.hold()
  file.close()
  t.equal(await file.read(Buffer.alloc(5), 0), 5)
  file.close()
  await t.rejects(file.read(Buffer.alloc(5), 0), { code: 'unknown-store' })
})

t.test('what a source throws is thrown', async t => {
  const source = async function* () {
    yield Buffer.from('hello')
    throw new Error('it ended')
  }
  await t.rejects(createScratch(folderOf(t)).write(source()), { message: 'it ended' })
})

t.test('a folder that is not there is unknown', async t => {
  await t.rejects(createScratch(join(folderOf(t), 'gone')).write(pieces('x')), { code: 'unknown-store' })
})
