import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm'

/** A user of this application. Polity has a table `users` too, in a schema of its own. */
@Entity('users')
export class Customer {
  @PrimaryGeneratedColumn('uuid') id!: string
  @Column('text', { unique: true }) email!: string
  @Column('text') company!: string
}
