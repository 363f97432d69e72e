import { text } from 'node:stream/consumers'
import t from 'tap'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { createHeldRootList } from '../../../src/store/held/held-root-list.ts'

t.test('the list of all projects is that of what is held, as it is now', async t => {
  const names = ['demo']
  const list = createHeldRootList({ projects: async () => names.map(parseProjectName) })
  const projects = async () => {
    const opened = await list.open(undefined)
    return opened.kind === 'list' ? JSON.parse(await text(opened.body)).projects : opened.kind
  }
  t.strictSame(await projects(), [{ name: 'demo' }])
  names.push('other')
  t.strictSame(await projects(), [{ name: 'demo' }, { name: 'other' }])
})
