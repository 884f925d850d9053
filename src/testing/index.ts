export { MembershipLevel } from '../index.js'
export { openTestDatabase, type TestDatabase } from './test-database.js'
export { TestOrganization, TestUser } from './test-people.js'
export { type Answer, testEnvironment, TestServer, type TestServerOptions } from './test-server.js'
