import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import type { PartialFile } from '../../../src/ports/mirror.ts'
import { createPartialFiles } from '../../../src/store/disk/partial-files.ts'

const SHA256 = sha256Of('a large file')

async function contentOf(file: PartialFile): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of file.read()) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

t.test('what came of a file is there in the next run, and grows', async t => {
  const folder = join(t.testdir(), 'partial')
  const first = await (await createPartialFiles(folder)).open(SHA256)
  t.equal(first.size, 0)
  await first.append(Buffer.from('the beginning'))
  await first.close()
  const second = await (await createPartialFiles(folder)).open(SHA256)
  t.equal(second.size, 13)
  await second.append(Buffer.from(', and more'))
  t.strictSame([second.size, await contentOf(second)], [23, 'the beginning, and more'])
  await second.close()
})

t.test('the memory of what was appended is used again, and what was appended stays', async t => {
  const file = await (await createPartialFiles(join(t.testdir(), 'partial'))).open(SHA256)
  const chunk = Buffer.alloc(700 * 1024)
  const came: Buffer[] = []
  for (let letter = 0; letter < 4; letter += 1) {
    chunk.fill(97 + letter)
    came.push(Buffer.from(chunk))
    await file.append(chunk)
  }
  chunk.fill(0)
  t.equal(await contentOf(file), Buffer.concat(came).toString('utf8'))
  await file.close()
})

t.test('what turned out wrong is begun anew', async t => {
  const file = await (await createPartialFiles(join(t.testdir(), 'partial'))).open(SHA256)
  await file.append(Buffer.from('wrong'))
  t.equal(await contentOf(file), 'wrong')
  await file.clear()
  await file.append(Buffer.from('right'))
  t.strictSame([file.size, await contentOf(file)], [5, 'right'])
  await file.close()
})

t.test('a file that is whole leaves nothing, and all that is left can go', async t => {
  const folder = join(t.testdir(), 'partial')
  const partials = await createPartialFiles(folder)
  await (await partials.open(SHA256)).close()
  t.ok(existsSync(join(folder, SHA256)))
  await partials.remove(SHA256)
  t.notOk(existsSync(join(folder, SHA256)))
  await partials.remove(SHA256)
  await partials.removeAll()
  t.notOk(existsSync(folder))
})

t.test('a disk that cannot keep it is "cannot tell"', async t =>
  t.rejects(createPartialFiles(join(t.testdir({ taken: '' }), 'taken', 'partial')), { code: 'unknown-store' }),
)
