import t from 'tap'
import { HELD } from '../../../src/domain/memory/source.ts'
import { askingAnew, leavingNoTrace } from '../../../src/gate/explain/recall.ts'
import { createMemoryStore } from '../../../src/store/memory.ts'
import { attested, listed, NOW } from '../../world/judging/judging.ts'

const { project, filename, sha256 } = listed()
const KEY = { sha256, filename: filename.text, trustDigest: 'root' }
const FACTS = { findings: [{ key: KEY, finding: attested(), found: NOW }] }

async function memory() {
  const { store } = createMemoryStore({ clock: () => NOW, events: { emit() {} } })
  return await store.memory(HELD)
}

t.test('whoever asks anew is told no finding, and none of theirs is kept', async t => {
  const own = await memory()
  await own.learn(project, FACTS)
  const anew = askingAnew(own)
  t.equal((await anew.of(project)).findings.size, 0)
  t.equal(anew.atHand(project), undefined)
  t.equal((await anew.learn(project, FACTS)).findings.size, 0)
  t.ok((await own.of(project)).findings.get(KEY), 'what was known stays known to others')
})

t.test('what is given by hand leaves no trace, and counts while it is looked at', async t => {
  const own = await memory()
  const learned = await leavingNoTrace(own).learn(project, FACTS)
  t.ok(learned.findings.get(KEY))
  t.equal((await own.of(project)).findings.get(KEY), undefined)
})
