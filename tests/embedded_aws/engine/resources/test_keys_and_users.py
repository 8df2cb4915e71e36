"""KMS, Cognito and IAM beside roles."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from tests.embedded_aws.engine.conftest import Deploy
from tests.embedded_aws.engine.resources.test_iam import ASSUME


def test_key_encrypts_under_its_alias(deploy: Deploy) -> None:
    """What is encrypted with the alias is decrypted with the key."""

    def program() -> None:
        key = aws.kms.Key(
            "net", description="of the net", enable_key_rotation=True, deletion_window_in_days=7
        )
        alias = aws.kms.Alias("net", target_key_id=key.key_id)
        pulumi.export("key", key.arn)
        pulumi.export("alias", alias.name)
        pulumi.export("target", alias.target_key_arn)

    done = deploy(program)
    kms = done.client("kms")
    secret = kms.encrypt(KeyId=done.outputs["alias"], Plaintext=b"hush")["CiphertextBlob"]
    assert kms.decrypt(KeyId=done.outputs["key"], CiphertextBlob=secret)["Plaintext"] == b"hush"
    assert kms.get_key_rotation_status(KeyId=done.outputs["key"])["KeyRotationEnabled"]
    assert done.outputs["target"] == done.outputs["key"]
    assert done.warnings == []


def test_triggers_of_a_user_pool_are_told(deploy: Deploy) -> None:
    """A program that counts on one would miss it without a word."""
    trigger = "arn:aws:lambda:eu-west-1:123456789012:function:greet"

    def program() -> None:
        config = aws.cognito.UserPoolLambdaConfigArgs(pre_sign_up=trigger, post_confirmation=trigger)
        aws.cognito.UserPool("greeted", lambda_config=config)

    (warning,) = deploy(program).warnings
    assert warning.endswith(
        "its triggers do not fire, a pool invokes no function here: postConfirmation, preSignUp"
    )


def test_user_pool_has_clients(deploy: Deploy) -> None:
    """A pool and its client arrive with their settings."""

    def program() -> None:
        pool = aws.cognito.UserPool(
            "people", auto_verified_attributes=["email"], password_policy={"minimum_length": 12}
        )
        client = aws.cognito.UserPoolClient(
            "web", user_pool_id=pool.id, generate_secret=True, callback_urls=["https://web.example/in"],
            explicit_auth_flows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        )  # fmt: skip
        pulumi.export("ids", {"UserPoolId": pool.id, "ClientId": client.id})
        pulumi.export("secret", client.client_secret)

    done = deploy(program)
    cognito, ids = done.client("cognito-idp"), done.outputs["ids"]
    pool = cognito.describe_user_pool(UserPoolId=ids["UserPoolId"])["UserPool"]
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] == 12
    client = cognito.describe_user_pool_client(**ids)["UserPoolClient"]
    assert client["CallbackURLs"] == ["https://web.example/in"]
    assert done.outputs["secret"] == "[secret]"
    assert done.warnings == []


def test_profile_holds_its_role(deploy: Deploy) -> None:
    """An instance profile arrives with its role, a user with its tags."""

    def program() -> None:
        role = aws.iam.Role("worker", assume_role_policy=ASSUME)
        pulumi.export("profile", aws.iam.InstanceProfile("worker", role=role.name).name)
        pulumi.export("role", role.name)
        pulumi.export("user", aws.iam.User("someone", tags={"team": "a"}).name)

    done = deploy(program)
    iam = done.client("iam")
    profile = iam.get_instance_profile(InstanceProfileName=done.outputs["profile"])["InstanceProfile"]
    assert [role["RoleName"] for role in profile["Roles"]] == [done.outputs["role"]]
    assert iam.get_user(UserName=done.outputs["user"])["User"]["Tags"] == [{"Key": "team", "Value": "a"}]
    assert done.warnings == []
