import Database from 'better-sqlite3'
import { migrate } from '../../../src/store/sqlite/migrate.ts'

/** Brings a database up to date; says when it begins. */
const [, , file = ''] = process.argv
const database = new Database(file)
process.stdout.write('begins\n')
await migrate(database)
database.close()
