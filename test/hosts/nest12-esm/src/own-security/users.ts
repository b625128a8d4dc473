import { Injectable, Module } from '@nestjs/common';

export interface User {
  readonly name: string;
  readonly role: string;
}

/** The host's own users; the logout knows nothing of them. */
@Injectable()
export class UsersService {
  private readonly users = new Map([['ada', { role: 'engineer', password: 'analytical' }]]);

  find(name: string): User | undefined {
    const user = this.users.get(name);
    return user && { name, role: user.role };
  }

  hasPassword(name: string, password: string): boolean {
    return this.users.get(name)?.password === password;
  }
}

@Module({ providers: [UsersService], exports: [UsersService] })
export class UsersModule {}
