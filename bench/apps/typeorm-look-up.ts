/** The usual home-made logout: passport-jwt, and a table of revoked tokens asked on each request. */
import {
  Controller,
  Get,
  HttpCode,
  Injectable,
  Module,
  Post,
  Req,
  UnauthorizedException,
  UseGuards,
  type OnModuleInit,
} from '@nestjs/common';
import { AuthGuard, PassportModule, PassportStrategy } from '@nestjs/passport';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { Column, Entity, PrimaryGeneratedColumn, Repository } from 'typeorm';
import { DONE, ME, serve, setting } from './serve';
import { REVOKED_BEFOREHAND } from './revoked-beforehand';
import { verifyingKey } from './verifying-key';

@Entity()
class RevokedJwt {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ unique: true })
  jti!: string;

  @Column()
  expiresAt!: Date;
}

interface Payload {
  readonly sub: string;
  readonly username: string;
  readonly jti: string;
  readonly exp: number;
}

@Injectable()
class JwtStrategy extends PassportStrategy(Strategy) {
  constructor(
    @InjectRepository(RevokedJwt)
    private readonly revoked: Repository<RevokedJwt>,
  ) {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      ignoreExpiration: false,
      secretOrKey: verifyingKey(),
    });
  }

  async validate(payload: Payload): Promise<Payload> {
    const { jti } = payload;
    if ((await this.revoked.findOne({ where: { jti } })) !== null)
      throw new UnauthorizedException();
    return payload;
  }
}

@Injectable()
class JwtAuthGuard extends AuthGuard('jwt') {}

@Controller()
@UseGuards(JwtAuthGuard)
class AppController implements OnModuleInit {
  constructor(
    @InjectRepository(RevokedJwt)
    private readonly revoked: Repository<RevokedJwt>,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.revoked.query(
      `INSERT INTO revoked_jwt (jti, "expiresAt")
       SELECT gen_random_uuid(), now() + interval '12 hours'
       FROM generate_series(1, ${REVOKED_BEFOREHAND})`,
    );
  }

  @Get('me')
  me(): object {
    return ME;
  }

  @Post('logout')
  @HttpCode(200)
  async logout(@Req() { user }: { user: Payload }): Promise<object> {
    await this.revoked.save({ jti: user.jti, expiresAt: new Date(user.exp * 1000) });
    return DONE;
  }
}

@Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'postgres',
      url: setting('DATABASE_URL'),
      entities: [RevokedJwt],
      synchronize: true, // an empty database of its own
    }),
    TypeOrmModule.forFeature([RevokedJwt]),
    PassportModule,
  ],
  controllers: [AppController],
  providers: [JwtStrategy],
})
class AppModule {}

void serve(AppModule, { logoutPath: '/logout' });
