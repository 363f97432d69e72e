import t from 'tap'
import { proofOf } from '../../../src/domain/memory/history.ts'
import type { Facts } from '../../../src/domain/memory/project-memory.ts'
import { HELD } from '../../../src/domain/memory/source.ts'
import { mergeWithRecords } from '../../../src/gate/records/merged-memory.ts'
import type { Memory } from '../../../src/ports/memory.ts'
import { createMemoryStore } from '../../../src/store/memory.ts'
import { attested, listed, NOW } from '../../world/judging/judging.ts'

const { project } = listed()
/** That a file was proved, as it is learned. */
function proved(filename: string): Facts {
  const { version } = listed(filename).filename
  const proof = proofOf(attested(), NOW)
  if (proof === undefined) throw new TypeError('nothing is proved')
  return { proofs: [{ filename, version, proof }] }
}

const [OURS, THEIRS] = [proved('pkg-1.0.tar.gz'), proved('pkg-2.0.tar.gz')]

async function knowing(facts: Facts): Promise<Memory> {
  const { store } = createMemoryStore({ clock: () => NOW, events: { emit() {} } })
  const memory = await store.memory(HELD)
  await memory.learn(project, facts)
  return memory
}

t.test('what a gate has written down counts as what a command remembers itself', async t => {
  const theirs = await knowing(THEIRS)
  let reads = 0
  const merged = mergeWithRecords(await knowing(OURS), {
    project: name => {
      reads += 1
      return theirs.of(name)
    },
  })
  t.equal(merged.atHand(project), undefined, 'before it was read')
  const memory = await merged.of(project)
  t.strictSame([...memory.proofs.keys()].sort(), ['pkg-1.0.tar.gz', 'pkg-2.0.tar.gz'])
  t.equal(await merged.of(project), memory, 'the same object while nothing is learned')
  t.equal(merged.atHand(project), memory)
  t.equal(reads, 1)
})

t.test('what is learned goes to the command’s own memory alone', async t => {
  const [own, theirs] = [await knowing(OURS), await knowing(THEIRS)]
  const merged = mergeWithRecords(own, { project: name => theirs.of(name) })
  const learned = await merged.learn(project, proved('pkg-3.0.tar.gz'))
  t.equal(learned.proofs.size, 3)
  t.strictSame([(await own.of(project)).proofs.size, (await theirs.of(project)).proofs.size], [2, 1])
})

t.test('without records there is the own memory', async t => {
  const own = await knowing(OURS)
  t.equal(mergeWithRecords(own, undefined), own)
})
