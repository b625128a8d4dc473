import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What the host itself keeps, in its default data source. */
@Entity('notes')
export class Note {
  @PrimaryColumn('int')
  id: number;

  @Column('text')
  text: string;
}
